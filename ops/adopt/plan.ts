// What becomes of each recorded resource: its place in the program, its import id, and the phase in which it changes. Pure.
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { type Adoption, CUT_OVER, LAST_PHASE } from '../../stacks/adoption-plan.ts';
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';
import { graceRules } from './security-rules.ts';
import * as translate from './translate.ts';

/** What a recording comes to. */
export interface AdoptionPlan {
  adoption: Adoption;
  /** Configuration keys that the recording decides. */
  config: Record<string, string>;
  /** Resources of the group that the program cannot take: they stay as they are. */
  untouched: { id: string; why: string }[];
}

/** The days until which devices may go on in the old way. ISO dates. */
export interface Grace {
  publicUntil: string;
  gatewayUntil: string;
}

/**
 * @throws Error when a part cannot be taken over as it is: in another resource group, with several addresses, or with
 * security rules that Azure cannot have printed.
 */
export function planAdoption(recording: Recording, { publicUntil, gatewayUntil }: Grace): AdoptionPlan {
  const { group, vm, disk, nic, vnet, publicAddress, securityGroup, functionApp, plan, storageAccounts } = recording;
  const subnet = ownSubnet(vnet, nic);
  const [storage] = storageAccounts;
  const here = textAt(group, 'name');
  const inGroup = { resourceGroupName: here };
  const adopted = (
    resource: Json,
    hardened: number,
    recorded: translate.Inputs,
    more: Partial<Adoption['resources'][string]> = {},
  ) => ({ id: textAt(resource, 'id'), hardened, recorded: { ...recorded, ...inGroup }, ...more });

  const resources: Adoption['resources'] = {
    group: adopted(group, 1, translate.group(group)),
    'network-nsg': adopted(securityGroup, 1, translate.securityGroup(securityGroup)),
    'network-vnet': adopted(vnet, 1, translate.virtualNetwork(vnet)),
    'network-subnet': adopted(subnet, 1, translate.subnet(subnet, vnet)),
    'network-address': adopted(publicAddress, 1, translate.publicAddress(publicAddress)),
    'network-nic': adopted(nic, 1, translate.networkInterface(nic), {
      // Renaming it would take the machine off the network.
      kept: { ipConfigurations: [{ name: textAt(nic, 'ipConfigurations', 0, 'name') }] },
    }),
    'broker-vm': adopted(vm, CUT_OVER, translate.machine(vm), {
      restored: { ...translate.restoredMachine(vm), ...inGroup },
    }),
    ...(storage ? { 'storage-account': adopted(storage, 3, translate.storageAccount(storage)) } : {}),
  };
  const left: Adoption['left'] = {
    'before-function-app': leaving('web:WebApp', functionApp, translate.functionApp(recording), inGroup),
    'before-plan': leaving('web:AppServicePlan', plan, translate.plan(plan), inGroup),
    'before-os-disk': { ...leaving('compute:Disk', disk, translate.disk(disk), inGroup), retained: true },
  };
  recording.sshKeys.forEach((key, i) => {
    left[`before-ssh-key${i || ''}`] = leaving('compute:SshPublicKey', key, translate.sshKey(key), inGroup);
  });
  ofType(recording, 'microsoft.insights/components').forEach((each, i) => {
    const one = leaving('applicationinsights:Component', each, translate.insights(each), inGroup);
    left[`before-insights${i || ''}`] = { ...one, retained: true };
  });

  const foreign = [...Object.values(resources), ...Object.values(left)].find(({ id }) => !isIn(id, here));
  if (foreign) {
    throw new Error(
      `${foreign.id} is not in the group ${here}: the program has one group. Move it there first: az resource move`,
    );
  }
  const taken = new Set([...Object.values(resources), ...Object.values(left)].map(({ id }) => id.toLowerCase()));
  return {
    adoption: {
      phase: 0,
      reached: 0,
      publicUntil,
      gatewayUntil,
      names: {
        rg: here,
        nsg: textAt(securityGroup, 'name'),
        vnet: textAt(vnet, 'name'),
        snet: textAt(subnet, 'name'),
        pip: textAt(publicAddress, 'name'),
        nic: textAt(nic, 'name'),
        vm: textAt(vm, 'name'),
        ...(storage ? { st: textAt(storage, 'name') } : {}),
      },
      resources,
      graceRules: graceRules(securityGroup).rules,
      left,
    },
    config: configOf(recording, subnet),
    untouched: recording.resources
      .filter((resource) => !taken.has(textAt(resource, 'id').toLowerCase()))
      .map((resource) => ({
        id: textAt(resource, 'id'),
        why: `the program has no place for this ${textAt(resource, 'type')}`,
      })),
  };
}

const leaving = (type: string, resource: Json, recorded: translate.Inputs, inGroup: translate.Inputs) => ({
  type: `azure-native:${type}`,
  id: textAt(resource, 'id'),
  recorded: { ...recorded, ...inGroup },
  gone: LAST_PHASE,
  retained: false,
});

const ofType = ({ resources }: Recording, type: string) =>
  resources.filter((resource) => textAt(resource, 'type').toLowerCase() === type);

/** Ids are compared without regard to case: Azure itself writes them in several ways. */
const isIn = (id: string, group: string) => `${id}/`.toLowerCase().includes(`/resourcegroups/${group}/`.toLowerCase());

/** The subnet that the machine's interface is in. */
function ownSubnet(vnet: Json, nic: Json): Json {
  if (items(at(nic, 'ipConfigurations')).length !== 1) {
    throw new Error(
      `${textAt(nic, 'name')} has more than one IP configuration: the program has one. Remove the others first`,
    );
  }
  const id = textAt(nic, 'ipConfigurations', 0, 'subnet', 'id').toLowerCase();
  const found = items(at(vnet, 'subnets')).find((each) => textAt(each, 'id').toLowerCase() === id);
  if (!found) throw new Error(`vnet.json is not the network that ${textAt(nic, 'name')} is in: record it again`);
  return found;
}

/** Keys that must say what is there, or say it best. */
function configOf({ vm, vnet, nic }: Recording, subnet: Json): Record<string, string> {
  const size = textAt(vm, 'hardwareProfile', 'vmSize');
  const key = at(vm, 'osProfile', 'linuxConfiguration', 'ssh', 'publicKeys', 0, 'keyData');
  return {
    location: textAt(nic, 'location').replaceAll(' ', '').toLowerCase(),
    addressSpace: textAt(vnet, 'addressSpace', 'addressPrefixes', 0),
    subnetPrefix: translate.subnetPrefix(subnet),
    ...(Object.hasOwn(VM_SIZES, size) ? { vmSize: size } : {}),
    ...(typeof key === 'string' ? { sshPublicKey: key.trim() } : {}),
  };
}
