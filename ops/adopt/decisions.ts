// What becomes of members of recorded resources that the program sees otherwise. A member without a row here is kept: it is sent
// as it was recorded, in every phase. Paths are azure-native's; `*` is any member, and a row holds for all below its path.
import { MACHINE } from './decisions/machine.ts';
import { NETWORK } from './decisions/network.ts';
import { STORAGE } from './decisions/storage.ts';
import type { Json } from './json.ts';

/** What the stack file decides. */
export interface Choices {
  location: string;
  /** The new machine's size, and whether somebody chose it. */
  vmSize: string;
  sizeChosen: boolean;
  /** True when the old machine has another. */
  sizeChanges: boolean;
}

/** One row. */
export interface Decision {
  at: string;
  /** `same`: the program's own value is that very one. `apart`: it is accounted for elsewhere. */
  outcome: 'same' | 'apart' | 'kept' | 'set' | 'taken away';
  /** For these values alone. */
  only?: (value: Json, choices: Choices, path: string) => boolean;
  /** What it is set to; what is so already is kept. */
  to?: Json | ((choices: Choices) => Json);
  /** True where the program has no place for the member, so that `to` is sent beside what it gives. */
  sent?: true;
  /** From which phase on, when not the resource's own; it is kept until then. */
  phase?: number;
  /** Set: the reason. Taken away: what it breaks. */
  why: string;
  /** How to have it back, when not by the phase before. */
  back?: string;
  /** True when it cannot be had back, or stands in the way: refused until somebody says so by name. */
  byName?: true | ((value: Json, choices: Choices) => boolean);
}

/** Azure takes no two tags whose names differ in case alone. */
export const OUR_TAGS = ['environment', 'project', 'owner', 'costcenter'];
const isOurs = (_: Json, __: Choices, path: string) =>
  OUR_TAGS.includes(path.split('.').slice(1).join('.').toLowerCase());

/** Parts of a resource's id, which says them already. */
const IN_ITS_ID: Decision[] = [
  'resourceGroup',
  'networkSecurityGroup',
  'virtualNetwork',
  'subnet',
  'publicIpAddress',
  'networkInterface',
  'vm',
  'account',
  'blobServices',
  'managementPolicy',
].map((name) => ({ at: `${name}Name`, outcome: 'apart', why: '' }));

/** By the program's name for the resource. `*` is each. */
export const DECISIONS: Record<string, Decision[]> = {
  '*': [
    ...IN_ITS_ID,
    { at: 'location', outcome: 'same', only: (value, { location }) => plain(value) === location, why: '' },
    {
      at: 'location',
      outcome: 'kept',
      byName: true,
      why: "it stays where it is, and the policies allow only the machine's region: list this one for governance-allowed-places-and-sizes",
    },
    { at: 'tags.*', outcome: 'set', only: isOurs, why: 'the stack file says who it belongs to' },
  ],
  group: [
    {
      at: 'locks',
      outcome: 'kept',
      byName: true,
      why: 'a lock makes deployments stop half-way. Remove it before phase 0 (az lock delete --ids ID), put it back after phase 4',
    },
  ],
  ...NETWORK,
  'broker-vm': MACHINE,
  ...STORAGE,
  'before-function-app': [
    {
      at: 'parts',
      outcome: 'taken away',
      byName: true,
      back: 'none: make them again with another app',
      why: 'these are parts of the old app, which ends with phase 4',
    },
    {
      at: 'hostNames',
      outcome: 'taken away',
      byName: true,
      back: 'none: bind them to another app',
      why: 'these names lead to the old app, which ends with phase 4',
    },
    {
      at: 'identity',
      outcome: 'taken away',
      back: 'none: Azure makes another one, which needs its roles again',
      why: "the old app's own identity ends with the app, and so do its roles",
    },
  ],
};

/** A region as the program writes it. */
export const plain = (region: Json | undefined) => String(region).replaceAll(' ', '').toLowerCase();
