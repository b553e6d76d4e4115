// Pairs of vaults, accounts, disks and roles, and of what runs and is made elsewhere.
import { type Made, native, type Pair, place, twin } from './made.ts';

const vault = (name: string) => (over: Record<string, unknown>) =>
  native('keyvault:Vault', name, {
    ...place,
    vaultName: `kv-${name}`,
    properties: {
      tenantId: '99999999-8888-4777-8666-555555555555',
      sku: { family: 'A', name: 'standard' },
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 90,
      networkAcls: { defaultAction: 'Deny', bypass: 'None' },
      ...over,
    },
  });
export const account = (name: string) => (over: Record<string, unknown>) =>
  native('storage:StorageAccount', name, {
    ...place,
    accountName: `st${name}`,
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS' },
    allowBlobPublicAccess: false,
    allowSharedKeyAccess: false,
    enableHttpsTrafficOnly: true,
    minimumTlsVersion: 'TLS1_2',
    networkRuleSet: { defaultAction: 'Deny' },
    ...over,
  });
const disk = (name: string, isProtected: boolean) => (over: Record<string, unknown>) => ({
  ...native('compute:Disk', name, {
    ...place,
    creationData: { createOption: 'Empty' },
    diskSizeGB: 4,
    sku: { name: 'StandardSSD_LRS' },
    networkAccessPolicy: 'DenyAll',
    publicNetworkAccess: 'Disabled',
    ...over,
  }),
  protect: isProtected,
});
const ROLES = '/subscriptions/11111111-2222-4333-8444-555555555555/providers/Microsoft.Authorization/roleDefinitions/';
const grant = (inputs: Record<string, unknown>) =>
  native('authorization:RoleAssignment', 'grant', {
    principalId: '11111111-0000-4000-8000-000000000000',
    principalType: 'ServicePrincipal',
    scope: { $id: 'files' },
    ...inputs,
  });

const backups = native('storage:BlobContainer', 'store', {
  resourceGroupName: 'rg-corpus',
  accountName: 'stfiles',
  containerName: 'nightly-backups',
  publicAccess: 'None',
});
const immutable = native('storage:BlobContainerImmutabilityPolicy', 'store-kept', {
  resourceGroupName: 'rg-corpus',
  accountName: 'stfiles',
  containerName: 'nightly-backups',
  immutabilityPeriodSinceCreationInDays: 30,
});
const command = (name: string) => (inputs: Record<string, unknown>) => ({
  type: 'command:local:Command',
  name,
  inputs: { logging: 'none', ...inputs },
});
const password = (inputs: Record<string, unknown>): Made => ({
  type: 'random:index/randomPassword:RandomPassword',
  name: 'key',
  inputs,
});
const record = (inputs: Record<string, unknown>): Made => ({
  type: 'cloudflare:index/dnsRecord:DnsRecord',
  name: 'dashboard',
  inputs: { zoneId: '0'.repeat(32), name: 'app.example.com', type: 'CNAME', content: 'x.pages.dev', ttl: 1, ...inputs },
});
const resourceGroup = (name: string) => (inputs: Record<string, unknown>) =>
  native('resources:ResourceGroup', name, { ...place, resourceGroupName: `rg-${name}`, ...inputs });
export const SERVICE_PAIRS: Pair[] = [
  twin(
    'a command that opens a port',
    'network-openings-judged',
    command('step'),
    { create: 'true' },
    { create: 'az network nsg rule create --nsg-name closed' },
  ),
  twin(
    'an interpreter that opens a port',
    'network-openings-judged',
    command('interpreted'),
    { interpreter: ['/bin/sh', '-c'], create: 'true' },
    { interpreter: ['az'], create: 'network nsg rule create --nsg-name closed' },
  ),
  twin('no purge protection', 'vault-purge-protection', vault('purge'), {}, { enablePurgeProtection: undefined }),
  twin('a week of soft delete', 'vault-soft-delete', vault('week'), {}, { softDeleteRetentionInDays: 7 }),
  twin(
    'access policies',
    'vault-roles-only',
    vault('policies'),
    {},
    { enableRbacAuthorization: false, accessPolicies: [] },
  ),
  twin(
    'an open vault',
    'vault-closed-network',
    vault('open'),
    {},
    { networkAcls: { defaultAction: 'Allow', bypass: 'None' } },
  ),
  twin(
    'a mighty role',
    'identity-least-privilege',
    grant,
    { roleDefinitionId: `${ROLES}ba92f5b4-2d11-453d-a403-e96b0029c9fe` },
    { roleDefinitionId: `${ROLES}b24988ac-6180-42a0-ab88-20f7382dd24c` },
  ),
  twin('public blobs', 'storage-no-public-blobs', account('public'), {}, { allowBlobPublicAccess: true }),
  twin('old TLS', 'storage-strong-tls', account('tls'), {}, { minimumTlsVersion: 'TLS1_0' }),
  twin('plain HTTP', 'storage-https-only', account('http'), {}, { enableHttpsTrafficOnly: false }),
  {
    name: 'backups in a container named by text',
    policy: 'production-immutable-backups',
    subject: 'store',
    safe: [backups, immutable],
    unsafe: [backups],
  },
  twin(
    'a disk that can be exported',
    'vm-no-disk-export',
    disk('exported', true),
    {},
    { networkAccessPolicy: 'AllowAll' },
  ),
  {
    name: 'a disk without protection',
    policy: 'production-protected-disks',
    subject: 'bare',
    safe: [disk('bare', true)({})],
    unsafe: [disk('bare', false)({})],
  },
  twin('a short password', 'secrets-generated-and-run', password, { length: 43 }, { length: 12 }),
  twin(
    'a dashboard that is not proxied',
    'cloudflare-pages-and-records',
    record,
    { proxied: true },
    { proxied: false },
  ),
  twin('no owner', 'governance-required-tags', resourceGroup('ownerless'), {}, { tags: { environment: 'prod' } }),
  twin(
    'another region',
    'governance-allowed-places-and-sizes',
    resourceGroup('elsewhere'),
    {},
    { location: 'westeurope' },
  ),
];
