// The proxmoxve provider (a bridged terraform-provider-proxmox), for the resources in use. Which inputs there are, and which of them
// are required, is in the declarations of its SDK. What makes another one, what is computed, and what waits for the guest agent is in
// terraform-provider-proxmox 0.99.0: ForceNew in proxmoxtf/resource/{vm/vm,file}.go, RequiresReplace in
// fwprovider/nodes/resource_download_file.go; the wait in docs/resources/virtual_environment_vm.md, "Qemu guest agent".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Checked, Model, Surroundings } from './model.ts';
import { at, UNKNOWN, type WireObject } from './values.ts';

const SDK = dirname(createRequire(import.meta.url).resolve('@muhlba91/pulumi-proxmoxve/package.json'));

interface Kind {
  computed: string[];
  replaces: string[];
  id(inputs: WireObject, state: WireObject): string;
}

const onMachine = (inputs: WireObject) => `vm/${inputs.nodeName}/${inputs.vmId}`;

const KINDS: Record<string, Kind> = {
  VmLegacy: {
    computed: ['vmId', 'ipv4Addresses', 'ipv6Addresses', 'macAddresses', 'networkInterfaceNames'],
    replaces: ['initialization.userDataFileId', 'initialization.type', 'vmId'],
    id: (_, state) => String(state.vmId),
  },
  FileLegacy: {
    computed: ['fileName', 'fileModificationDate', 'fileSize', 'fileTag'],
    replaces: ['contentType', 'datastoreId', 'nodeName', 'sourceRaw'],
    id: (inputs) => `${inputs.datastoreId}:${inputs.contentType}/${at(inputs, 'sourceRaw.fileName')}`,
  },
  File: {
    computed: ['size'],
    replaces: ['contentType', 'datastoreId', 'nodeName', 'fileName', 'url', 'checksum', 'checksumAlgorithm'],
    id: (inputs) => `${inputs.datastoreId}:${inputs.contentType}/${inputs.fileName}`,
  },
  OptionsLegacy: { computed: [], replaces: ['nodeName', 'vmId'], id: (inputs) => `${onMachine(inputs)}/options` },
  RulesLegacy: { computed: [], replaces: ['nodeName', 'vmId'], id: (inputs) => `${onMachine(inputs)}/rules` },
};
const nameOf = (type: string) => type.split(':').at(-1)!;
const kindOf = (type: string) => KINDS[nameOf(type)]!;

/** A machine's number: the first that is free. */
const FIRST_ID = 100;

export function proxmoxve({ cloud }: Surroundings): Model {
  return {
    check: (given) => ({ failures: problems(given) }),
    replaces: ({ form }, { type }) =>
      kindOf(type).replaces.some((key) => form === key || form.startsWith(`${key}.`) || key.startsWith(`${form}.`)),
    previewed: (type, inputs, state) => {
      const { computed } = kindOf(type);
      return { ...inputs, ...Object.fromEntries(computed.map((key) => [key, state?.[key] ?? UNKNOWN])) };
    },
    idOf: ({ type, inputs }) => kindOf(type).id(inputs, { vmId: FIRST_ID }),
    isRefusedWhenThere: () => false,
    make: ({ type, inputs, state }) => {
      if (nameOf(type) === 'VmLegacy') waitForAgent(inputs, cloud);
      const { computed } = kindOf(type);
      const made = Object.fromEntries(computed.map((key) => [key, state?.[key] ?? (key === 'vmId' ? FIRST_ID : '')]));
      return { ...inputs, ...made };
    },
    inputsOf: (_, __, outputs, before) => before?.inputs ?? outputs,
  };
}

/** Inputs that the SDK does not declare, and required ones that are missing. */
function problems({ type, news }: Checked): string[] {
  const file = type.split(':')[1]!.replace(/^index\//, '');
  const text = readFileSync(join(SDK, `${file}.d.ts`), 'utf8');
  const [, body = ''] = new RegExp(`interface ${nameOf(type)}Args \\{(.*?)^\\}`, 'ms').exec(text) ?? [];
  const declared = new Map(
    [...body.matchAll(/^ {4}(\w+)(\??): /gm)].map(([, name, optional]) => [name!, optional === '?']),
  );
  const given = Object.keys(news).filter((name) => !name.startsWith('__'));
  return [
    ...given.filter((name) => !declared.has(name)).map((name) => `${nameOf(type)} has no input ${name}`),
    ...[...declared].flatMap(([name, isOptional]) =>
      isOptional || given.includes(name) ? [] : [`${name} is required by ${nameOf(type)}`],
    ),
  ];
}

/** The provider waits for an address from the agent, unless it is told not to: without an agent, until its time is up. */
function waitForAgent(inputs: WireObject, cloud: Surroundings['cloud']): void {
  if (at(inputs, 'agent.enabled') !== true || at(inputs, 'agent.waitForIp.disabled') === true) return;
  const file = cloud.get(String(at(inputs, 'initialization.userDataFileId')));
  const userData = String(file && at(file.outputs, 'sourceRaw.data'));
  if (!userData.includes('qemu-guest-agent')) throw new Error('timeout while waiting for the QEMU agent: 15m');
}
