// What happens to members of recorded resources for which the program has another value. A member without a row here is kept: it is sent
// as recorded, in every phase. Paths are azure-native's; `*` is any member, and a row applies to everything below its path.
import { MACHINE } from './decisions/machine.ts';
import { NETWORK } from './decisions/network.ts';
import type { Choices, Decision } from './decisions/row.ts';
import type { Json } from './json.ts';

/** Azure refuses two tags whose names differ only in case. */
export const OUR_TAGS = ['environment', 'project', 'owner', 'costcenter'];
const isOurs = (_: Json, __: Choices, path: string) =>
  OUR_TAGS.includes(path.split('.').slice(1).join('.').toLowerCase());

/** Parts of a resource's id, which contains them already. */
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

/** By the program's name for the resource. `*` applies to each. */
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
  'storage-account': [
    {
      at: 'kind',
      outcome: 'set',
      to: 'StorageV2',
      byName: true,
      back: 'none: Azure upgrades an account permanently',
      why: 'soft delete and lifecycle rules need an account of the second kind',
    },
    {
      at: 'sku.name',
      outcome: 'kept',
      only: (value) => String(value).startsWith('Premium'),
      byName: true,
      why: 'the policies allow no premium storage: list it for governance-allowed-places-and-sizes, or take --storage none',
    },
    {
      at: 'fileShares',
      outcome: 'taken away',
      why: 'these shares are mounted with an account key, which the account no longer accepts',
    },
    {
      at: 'containers',
      outcome: 'set',
      why: 'these stay, but only identities with a role can open them, not keys or public links',
    },
    { at: 'enableHttpsTrafficOnly', outcome: 'set', to: true, why: 'nothing without TLS, SMB 2 and NFS included' },
    {
      at: 'minimumTlsVersion',
      outcome: 'set',
      only: (value) => value === 'TLS1_0' || value === 'TLS1_1',
      to: 'TLS1_2',
      why: 'no older TLS',
    },
    { at: 'allowBlobPublicAccess', outcome: 'set', to: false, why: 'no public containers and links' },
    { at: 'allowCrossTenantReplication', outcome: 'set', to: false, why: 'copies to accounts of other tenants end' },
    { at: 'defaultToOAuthAuthentication', outcome: 'set', to: true, why: 'the portal signs in with your identity' },
    { at: 'isLocalUserEnabled', outcome: 'set', to: false, why: "SFTP's local users are shut out" },
    {
      at: 'allowSharedKeyAccess',
      outcome: 'set',
      to: false,
      why: 'account keys and connection strings no longer work: file shares, other apps, scripts',
    },
    {
      at: 'publicNetworkAccess',
      outcome: 'kept',
      only: (value) => value !== 'Enabled',
      byName: true,
      why: 'the new Function App is outside: let it in, or take --storage none, and the platform makes an account of its own',
    },
    {
      at: 'networkRuleSet.defaultAction',
      outcome: 'kept',
      only: (value) => value === 'Deny',
      byName: true,
      why: 'the new Function App is on no list: let it in, or take --storage none, and the platform makes an account of its own',
    },
  ],
  'storage-blobs': [
    ...['deleteRetentionPolicy', 'containerDeleteRetentionPolicy'].flatMap((policy): Decision[] => [
      { at: `${policy}.enabled`, outcome: 'set', to: true, why: 'what is deleted can be restored for a week' },
      {
        at: `${policy}.days`,
        outcome: 'set',
        to: 7,
        only: (value) => Number(value) < 7,
        why: 'what is deleted can be restored for a week',
      },
    ]),
  ],
  'storage-lifecycle': [
    {
      at: 'policy.rules.*.definition.actions.baseBlob.delete',
      outcome: 'kept',
      byName: true,
      why: "rules that delete may match the platform's containers too (function-packages, broker-state): give them filters that do not",
    },
  ],
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
