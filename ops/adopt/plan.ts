// What happens to each recorded resource: its place in the program, its import id, and the phase in which it changes. Pure.
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { type Adoption, CUT_OVER, LAST_PHASE } from '../../stacks/adoption/plan.ts';
import {
  type Account,
  accountOf,
  type Change,
  changesIn,
  type Judged,
  judge,
  keptIn,
  throwRefused,
} from './account.ts';
import { besideOf } from './beside.ts';
import { plain } from './decisions.ts';
import { at, items, type Json, textAt } from './json.ts';
import { chooseStorage, refuseImpossible, refuseSecure, refuseTags } from './possible.ts';
import type { Recording } from './recording.ts';
import { graceRules, ruleChanges } from './security-rules.ts';
import * as translate from './translate.ts';

/** The result for a recording. */
export interface AdoptionPlan {
  adoption: Adoption;
  /** Configuration keys that the recording decides. */
  config: Record<string, string>;
  /** Resources of the group that the program cannot adopt: they stay as they are. */
  untouched: { id: string; why: string }[];
  /** What each phase does to each member of what was recorded, security rules apart. */
  account: Account;
  /** What changes. */
  changes: Change[];
  /** How much of the rest stays, in members and rules. */
  kept: number;
}

/** The decisions of the person. */
export interface Decided {
  /** The days until which devices may use the old openings and gateways. ISO dates. */
  publicUntil: string;
  gatewayUntil: string;
  /** The machine's size, if the stack file has it already. */
  vmSize?: string | undefined;
  /** The storage account to adopt, `none` for none. Default: the function's. */
  storage?: string | undefined;
  /** What was accepted, such as `broker-vm.extensions`. */
  accepted?: string[];
}

const DEFAULT_SIZE = 'Standard_B1s';

/**
 * @throws Error if a part cannot be adopted as it is: in another resource group, with several addresses, or with security rules that Azure
 * cannot have printed; and if a phase would lose something that nobody has accepted.
 */
export function planAdoption(recording: Recording, decided: Decided): AdoptionPlan {
  const { group, vm, disk, nic, vnet, publicAddress, securityGroup, functionApp, plan } = recording;
  const { publicUntil, gatewayUntil, accepted = [] } = decided;
  const subnet = ownSubnet(vnet, nic);
  refuseImpossible(recording, subnet);
  const storage = chooseStorage(recording, decided.storage);
  const here = textAt(group, 'name');
  const inGroup = { resourceGroupName: here };
  const config = configOf(recording, subnet);
  const vmSize = decided.vmSize ?? config.vmSize;
  const choices = {
    location: config.location as string,
    vmSize: vmSize ?? DEFAULT_SIZE,
    sizeChosen: vmSize !== undefined,
    sizeChanges: (vmSize ?? DEFAULT_SIZE) !== (config.vmSize ?? textAt(vm, 'hardwareProfile', 'vmSize')),
  };
  const beside = besideOf(recording, subnet);

  const judged: Record<string, Judged> = {};
  const resources: Adoption['resources'] = {};
  const adopt = (
    name: string,
    resource: Json,
    hardened: number,
    inputs: translate.Inputs,
    restored?: translate.Inputs,
  ) => {
    const found = judge({ resource: name, hardened, recorded: inputs, beside: beside[name] ?? {}, choices, accepted });
    refuseTags(name, found.kept);
    judged[name] = found;
    resources[name] = {
      id: idOf(resource, here),
      hardened,
      recorded: { ...inputs, ...inGroup },
      ...(Object.keys(found.kept).length > 0 && { kept: found.kept }),
      ...(Object.keys(found.until).length > 0 && { until: found.until }),
      ...(restored && { restored: { ...restored, ...inGroup } }),
    };
  };
  adopt('group', group, 1, translate.group(group));
  adopt('network-nsg', securityGroup, 1, translate.securityGroup(securityGroup));
  adopt('network-vnet', vnet, 1, translate.virtualNetwork(vnet));
  adopt('network-subnet', subnet, 1, translate.subnet(subnet, vnet));
  adopt('network-address', publicAddress, 1, translate.publicAddress(publicAddress));
  adopt('network-nic', nic, 1, translate.networkInterface(nic));
  adopt('broker-vm', vm, CUT_OVER, translate.machine(vm), translate.restoredMachine(vm));
  if (storage) adopt('storage-account', storage, 3, translate.storageAccount(storage));
  const { blobService, lifecycle } = recording;
  if (isPartOf(blobService, storage))
    adopt('storage-blobs', blobService, 3, translate.blobService(blobService, storage as Json));
  if (isPartOf(lifecycle, storage)) {
    adopt('storage-lifecycle', lifecycle, 3, translate.lifecycle(lifecycle, storage as Json));
    // The program's rule is the first.
    const { kept } = resources['storage-lifecycle'] as { kept?: { policy?: { rules?: unknown[] } } };
    kept?.policy?.rules?.unshift(null);
  }
  const app = 'before-function-app';
  judged[app] = judge({
    resource: app,
    hardened: LAST_PHASE,
    recorded: {},
    beside: beside[app] ?? {},
    choices,
    accepted,
  });
  throwRefused(Object.values(judged).flatMap(({ refused }) => refused));

  const leaving = (type: string, resource: Json, recorded: translate.Inputs, retained = false) => ({
    type: `azure-native:${type}`,
    id: idOf(resource, here),
    recorded: { ...recorded, ...inGroup },
    gone: LAST_PHASE,
    retained,
  });
  const left: Adoption['left'] = {
    'before-function-app': leaving('web:WebApp', functionApp, translate.functionApp(recording)),
    // Azure refuses to delete a plan with other apps; if their number is not known, each plan in the group may have some.
    'before-plan': leaving(
      'web:AppServicePlan',
      plan,
      translate.plan(plan),
      Number(at(plan, 'numberOfSites') ?? ofType(recording, 'microsoft.web/sites').length) > 1,
    ),
    'before-os-disk': leaving('compute:Disk', disk, translate.disk(disk), true),
  };
  recording.sshKeys.forEach((key, i) => {
    left[`before-ssh-key${i || ''}`] = leaving('compute:SshPublicKey', key, translate.sshKey(key));
  });
  ofType(recording, 'microsoft.insights/components').forEach((each, i) => {
    left[`before-insights${i || ''}`] = leaving('applicationinsights:Component', each, translate.insights(each), true);
  });

  const foreign = [...Object.values(resources), ...Object.values(left)].find(({ id }) => !isIn(id, here));
  if (foreign) {
    throw new Error(
      `${foreign.id} is not in the group ${here}: the program has one group. Move it there first: az resource move`,
    );
  }
  refuseSecure({ ...resources, ...left } as unknown as Json);
  const grace = graceRules(securityGroup);
  const account = accountOf(judged);
  // A part belongs to its resource; what is in the group does not.
  const { group: _, ...parts } = { ...resources, ...left };
  const taken = Object.values(parts).map(({ id }) => `${id}/`.toLowerCase());
  const isTaken = (id: string) => taken.some((each) => `${id}/`.startsWith(each));
  const zones = at(vm, 'zones');
  const label = at(publicAddress, 'dnsSettings', 'domainNameLabel');
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
        // Devices know the broker by it, so the broker keeps it permanently, and its certificate is for it.
        ...(typeof label === 'string' ? { dns: label } : {}),
      },
      resources,
      // A machine in a zone accepts no disk from another zone.
      placed: items(zones).length > 0 ? { 'broker-data': { zones } } : {},
      accepted,
      graceRules: grace.rules,
      left,
    },
    config,
    account,
    changes: [...changesIn(account), ...ruleChanges(grace)],
    kept: keptIn(account) + grace.rules.length,
    untouched: recording.resources
      .filter((resource) => !isTaken(idOf(resource, here).toLowerCase()))
      .map((resource) => ({
        id: textAt(resource, 'id'),
        why: `the program has no place for this ${textAt(resource, 'type')}`,
      })),
  };
}

/** Its id with the group's name as the group spells it: az also prints it in capitals, and another spelling is another resource. */
function idOf(resource: Json, group: string): string {
  const [, before = '', name = '', rest = ''] =
    /^(.*\/)resourceGroups\/([^/]+)(.*)$/i.exec(textAt(resource, 'id')) ?? [];
  const isHere = name.toLowerCase() === group.toLowerCase();
  return isHere ? `${before}resourceGroups/${group}${rest}` : textAt(resource, 'id');
}

/** Recorded for the adopted account only. */
const isPartOf = (part: Json | undefined, storage: Json | undefined): part is Json =>
  part !== undefined &&
  String(at(part, 'id'))
    .toLowerCase()
    .startsWith(`${at(storage, 'id')}/`.toLowerCase());

const ofType = ({ resources }: Recording, type: string) =>
  resources.filter((resource) => textAt(resource, 'type').toLowerCase() === type);

/** Ids are compared regardless of case: Azure itself writes them in several ways. */
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

/** Keys that must match the recording, or should. */
function configOf({ vm, vnet, nic }: Recording, subnet: Json): Record<string, string> {
  const recorded = textAt(vm, 'hardwareProfile', 'vmSize').toLowerCase();
  const size = Object.keys(VM_SIZES).find((each) => each.toLowerCase() === recorded);
  const key = at(vm, 'osProfile', 'linuxConfiguration', 'ssh', 'publicKeys', 0, 'keyData');
  return {
    location: plain(textAt(nic, 'location')),
    addressSpace: textAt(vnet, 'addressSpace', 'addressPrefixes', 0),
    subnetPrefix: translate.subnetPrefix(subnet),
    ...(size ? { vmSize: size } : {}),
    ...(typeof key === 'string' ? { sshPublicKey: key.trim() } : {}),
  };
}
