// The account's promise, tried on every input that azure-native declares of what is adopted: set in a recording, it is sent as it was in
// each phase, or the account says what becomes of it, or it is refused by name. Nothing is lost without a word.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { refusedProperties, tabled } from '../../preview/immutables.ts';
import type { Plan } from '../../preview/plan.ts';
import { inputsOf } from '../../stacks/adoption/adopt.ts';
import { type Adoption, CUT_OVER, LAST_PHASE } from '../../stacks/adoption/plan.ts';
import { judge } from './account.ts';
import { DECISIONS } from './decisions.ts';
import { declaredInputs, type Inputs, objectInputs } from './declared.ts';
import { at, type Json } from './json.ts';
import { baseFiles, type Files } from './testing/recordings.ts';
import { PLACES } from './today.ts';
import * as translate from './translate.ts';

const SNAPSHOT: Plan = JSON.parse(readFileSync(join(ROOT, 'stacks/snapshots/dev.json'), 'utf8'));
const CHOICES = { location: 'eastasia', vmSize: 'Standard_B1s', sizeChosen: false, sizeChanges: false };

/** What az prints of each, how it is translated, and the phase in which it changes. */
const ADOPTED: Record<
  string,
  [of: (files: Files) => Files, to: (answer: Json, files: Files) => Inputs, phase: number]
> = {
  group: [({ group }) => group, translate.group, 1],
  'network-nsg': [({ nsg }) => nsg, translate.securityGroup, 1],
  'network-vnet': [({ vnet }) => vnet, translate.virtualNetwork, 1],
  'network-subnet': [({ vnet }) => vnet.subnets[0], (answer, { vnet }) => translate.subnet(answer, vnet), 1],
  'network-address': [(files) => files['public-ip'], translate.publicAddress, 1],
  'network-nic': [({ nic }) => nic, translate.networkInterface, 1],
  'broker-vm': [({ vm }) => vm, translate.machine, 2],
  'storage-account': [({ storage }) => storage[0], translate.storageAccount, 3],
  'storage-blobs': [
    (files) => files['blob-service'],
    (answer, { storage }) => translate.blobService(answer, storage[0]),
    3,
  ],
  'storage-lifecycle': [() => ({}), (answer, { storage }) => translate.lifecycle(answer, storage[0]), 3],
};

/**
 * What is Azure's own word, or accounted for elsewhere: rules, what may be a secret (beside.ts tells of it), and what is said of
 * another resource that this one only names and that is the program's own too (possible.ts sees to it).
 */
const NO_MEMBER: Record<string, RegExp> = {
  '*': /^(resourceGroupName|id|name|type|location)$|(^|\.)(etag|provisioningState|migrationPhase|fqdn)$/,
  'network-nsg': /^(networkSecurityGroupName|securityRules\b)/,
  'network-vnet': /^(virtualNetworkName|subnets|virtualNetworkPeerings)\b/,
  'network-subnet': /^(subnetName|virtualNetworkName|addressPrefix(es)?|networkSecurityGroup)\b/,
  'network-address': /^(publicIpAddressName|ipAddress)\b/,
  'network-nic':
    /^(networkInterfaceName|networkSecurityGroup)\b|^ipConfigurations\.0\.(privateIPAddress$|subnet\.|publicIPAddress\.(?!deleteOption))/,
  'broker-vm': /^(vmName|userData)$|^osProfile\.(customData|adminPassword)$|^networkProfile\.networkInterfaces\.0\.id$/,
  'storage-account': /^accountName/,
  'storage-blobs': /^(accountName|blobServicesName)/,
  // The program's rule is the first, so this one is the second; a test of its own sends it.
  'storage-lifecycle': /^(accountName|managementPolicyName|policy)/,
};

type Sample = { path: (string | number)[]; value: Json };

/** A value for each input, and for each of the objects inside; not of an object in itself. */
function samples(type: string): Sample[] {
  const of = (expression: string, path: Sample['path'], seen: string[]): Sample[] => {
    if (expression.endsWith('[]')) {
      const item = expression.slice(0, -2);
      return item.startsWith('inputs.') ? of(item, [...path, 0], seen) : [{ path, value: [plainValue(item)] }];
    }
    if (!expression.startsWith('inputs.')) return [{ path, value: plainValue(expression) }];
    if (seen.includes(expression) || path.length > 5) return [];
    return [...objectInputs(expression)].flatMap(([name, each]) => of(each, [...path, name], [...seen, expression]));
  };
  return [...declaredInputs(type)].flatMap(([name, expression]) => of(expression, [name], []));
}

function plainValue(expression: string): Json {
  if (expression.includes('[key: string]')) return { sample: 'sample' };
  if (/\bboolean\b/.test(expression)) return true;
  return /\bnumber\b/.test(expression) ? 7 : 'sample';
}

function put(into: Files, [step = '', ...rest]: Sample['path'], value: Json): void {
  const key = Object.keys(into).find((each) => each.toLowerCase() === String(step).toLowerCase()) ?? step;
  if (rest.length === 0) into[key] = value;
  else {
    into[key] ??= typeof rest[0] === 'number' ? [] : {};
    put(into[key], rest, value);
  }
}

/** Undefined when all is well. */
function lost(resource: string, { path, value }: Sample): string | undefined {
  const [of, to, hardened] = ADOPTED[resource]!;
  const files = baseFiles();
  const answer = of(files);
  put(answer, path, value);
  const recorded = to(answer as Json, files);
  const shown = path.join('.');
  const found = at(recorded, ...path);
  if (found === undefined) {
    const isKnown = [NO_MEMBER['*'], NO_MEMBER[resource]].some((known) => known?.test(shown));
    return isKnown ? undefined : `${shown} is not even recorded`;
  }
  const judged = judge({ resource, hardened, recorded, choices: CHOICES, accepted: [] });
  if (judged.refused.length > 0) return undefined;
  const said = judged.members.find(({ member }) => shown === member.path || shown.startsWith(`${member.path}.`));
  const told = said && said.member.outcome !== 'kept' && said.member.why && said.member.back ? said.phase : undefined;
  const { kept, until } = judged;
  const resources = { [resource]: { id: '', hardened, recorded, kept, until } };
  const inputs = SNAPSHOT.find(({ name }) => name === resource)?.inputs ?? {};
  for (let phase = hardened; phase < (told ?? LAST_PHASE + 1); phase += 1) {
    const plan = { phase, reached: phase, resources, graceRules: [] } as unknown as Adoption;
    const sent = at(inputsOf(resource, inputs, plan) as Json, ...path);
    const isSent = Array.isArray(value)
      ? value.every((each) => (sent as Json[])?.includes(each))
      : contains(sent, value);
    if (!isSent && !NO_MEMBER['*']!.test(shown) && !NO_MEMBER[resource]!.test(shown))
      return `${shown} in phase ${phase}: ${JSON.stringify(sent)}`;
  }
  return undefined;
}

/** Of a map it is there beside others. */
const contains = (sent: Json | undefined, value: Json) =>
  typeof value === 'object' && value !== null ? at(sent, 'sample') === 'sample' : sent === value;

test.each(Object.keys(ADOPTED))('%s: no input gets lost without a word', (resource) => {
  const all = samples(`${PLACES[resource]![0]}`);
  expect(all.length).toBeGreaterThan(3);
  expect(all.map((sample) => lost(resource, sample)).filter((each) => each !== undefined)).toEqual([]);
});

test('every adopted resource is tried', () => {
  expect(Object.keys(ADOPTED).sort()).toEqual(Object.keys(PLACES).sort());
});

test.each(Object.entries(ADOPTED).filter(([, [, , phase]]) => phase !== CUT_OVER))(
  '%s: nothing that another resource would be needed for is set or taken away',
  (resource) => {
    const type = `azure-native:${PLACES[resource]![0]}`;
    const fixed = [...tabled(type), ...refusedProperties(type)];
    const changed = (DECISIONS[resource] ?? []).filter(({ outcome }) => outcome === 'set' || outcome === 'taken away');
    const isAt = (a: string, b: string) => `${a}.`.startsWith(`${b}.`);
    expect(changed.filter(({ at }) => fixed.some((path) => isAt(at, path) || isAt(path, at)))).toEqual([]);
  },
);

/** Of a machine around its old disks Azure takes none of these; the disks themselves have theirs. What is attached is detached. */
const NOT_RESTORED =
  /^(osProfile|storageProfile\.(imageReference|osDisk|dataDisks)|networkProfile\.network(ApiVersion|InterfaceConf)\w*)\b|deleteOption$/;

test('the way back of the cut-over has every input of the machine, but for what Azure takes of no old disk', () => {
  const restored = (sample: Sample) => {
    const { vm } = baseFiles();
    put(vm, sample.path, sample.value);
    return at(translate.restoredMachine(vm), ...sample.path);
  };
  const all = samples('compute:VirtualMachine').filter(
    ({ path }) => ![NO_MEMBER['*'], NO_MEMBER['broker-vm'], NOT_RESTORED].some((known) => known?.test(path.join('.'))),
  );
  expect(all.length).toBeGreaterThan(20);
  expect(
    all.filter((sample) => !isDeepStrictEqual(restored(sample), sample.value)).map(({ path }) => path.join('.')),
  ).toEqual([]);
});
