// Pairs of resources for the policies' scenario: what a policy refuses, and its safe twin. All of one kind make one program.

/** A resource of the program. `{ $id: name }` among its inputs stands for the id of one made before. */
export interface Made {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  protect?: boolean;
}

export interface Pair {
  /** What the unsafe one does. */
  name: string;
  policy: string;
  /** Name of the resource that the policy objects to. */
  subject: string;
  safe: Made[];
  unsafe: Made[];
}

const place = {
  resourceGroupName: 'rg-corpus',
  location: 'northeurope',
  tags: { environment: 'prod', project: 'corpus', owner: 'corpus@example.com', costCenter: '1' },
};
const ADMIN = '203.0.113.10/32';
const native = (type: string, name: string, inputs: Record<string, unknown>): Made => ({
  type: `azure-native:${type}`,
  name,
  inputs,
});

/** A pair of one resource. */
function twin(
  name: string,
  policy: string,
  make: (inputs: Record<string, unknown>) => Made,
  safe: object,
  unsafe: object,
): Pair {
  const made = make({ ...safe });
  return { name, policy, subject: made.name, safe: [made], unsafe: [make({ ...unsafe })] };
}

const rule = (name: string, priority: number, fields: object = {}) => ({
  name,
  priority,
  direction: 'Inbound',
  access: 'Allow',
  protocol: 'Tcp',
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '22',
  ...fields,
});
const deny = (priority: number, fields: object = {}) =>
  rule(`deny-${priority}`, priority, { access: 'Deny', protocol: '*', destinationPortRange: '*', ...fields });
const sources = (...sourceAddressPrefixes: unknown[]) => ({ sourceAddressPrefix: undefined, sourceAddressPrefixes });

/** A security group with these rules, or with those. */
function groups(name: string, policy: string, safe: object[], unsafe: object[], type = 'network:NetworkSecurityGroup') {
  const id = name.replaceAll(/[^a-z0-9]+/gi, '-');
  const make = (inputs: Record<string, unknown>) =>
    native(type, id, { ...place, networkSecurityGroupName: id, ...inputs });
  return twin(name, policy, make, { securityRules: safe }, { securityRules: unsafe });
}
const INGRESS = 'network-ingress-contract';

/** The same closed group, and a rule of its own that names it by text. */
function standalone(): Pair {
  const group = native('network:NetworkSecurityGroup', 'by-text', {
    ...place,
    networkSecurityGroupName: 'by-text',
    securityRules: [deny(200)],
  });
  const rest = { resourceGroupName: 'rg-corpus', networkSecurityGroupName: 'BY-TEXT', securityRuleName: 'ssh' };
  const own = (priority: number) => {
    const { name: _, ...fields } = rule('ssh', priority);
    return native('network:SecurityRule', 'by-text-rule', { ...rest, ...fields });
  };
  return {
    name: 'a rule that names its group by text',
    policy: INGRESS,
    subject: 'by-text-rule',
    safe: [group, own(300)],
    unsafe: [group, own(100)],
  };
}

const subnet = (name: string, group?: string) =>
  native('network:Subnet', name, {
    resourceGroupName: 'rg-corpus',
    virtualNetworkName: 'vnet',
    addressPrefix: '10.10.1.0/24',
    ...(group ? { networkSecurityGroup: { id: { $id: group } } } : {}),
  });
const nic = (name: string, inSubnet: string, inputs: object) =>
  native('network:NetworkInterface', name, {
    ...place,
    ipConfigurations: [{ name: 'primary', subnet: { id: { $id: inSubnet } }, ...inputs }],
  });
const closed = native('network:NetworkSecurityGroup', 'closed', { ...place, securityRules: [deny(100)] });
const address = (inputs: object) => native('network:PublicIPAddress', 'address', { ...place, ...inputs });
const STANDARD = { sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' };
const front = { publicIPAddress: { id: { $id: 'address' } } };

/** A subnet with an open group, and in it an interface with a strict one or with another open one. */
function bothGroups(own: object[]): Made[] {
  return [
    native('network:NetworkSecurityGroup', 'both-lax', { ...place, securityRules: [rule('open', 100)] }),
    native('network:NetworkSecurityGroup', 'both-own', { ...place, securityRules: own }),
    subnet('both-subnet', 'both-lax'),
    native('network:NetworkInterface', 'both-nic', {
      ...place,
      networkSecurityGroup: { id: { $id: 'both-own' } },
      ipConfigurations: [{ name: 'primary', subnet: { id: { $id: 'both-subnet' } } }],
    }),
  ];
}

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
const account = (name: string) => (over: Record<string, unknown>) =>
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
const command = (inputs: Record<string, unknown>): Made => ({
  type: 'command:local:Command',
  name: 'step',
  inputs: { logging: 'none', ...inputs },
});
const adminRule = (inputs: Record<string, unknown>) =>
  native('network:AdminRule', 'first', {
    resourceGroupName: 'rg-corpus',
    ...{ networkManagerName: 'm', configurationName: 'c', ruleCollectionName: 'r', ruleName: 'first' },
    ...{ kind: 'Custom', direction: 'Inbound', priority: 1, protocol: 'Tcp', destinationPortRanges: ['22'] },
    ...inputs,
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
const ssh = rule('ssh', 100, { sourceAddressPrefix: ADMIN });

/** Each takes its resources under names of its own, so that all safe ones are one stack, and all unsafe ones another. */
export const PAIRS: Pair[] = [
  groups(
    'halves of all addresses',
    INGRESS,
    [rule('ssh', 100, sources(ADMIN))],
    [rule('ssh', 100, sources('0.0.0.0/1', '128.0.0.0/1'))],
  ),
  groups('a Deny that comes too late', INGRESS, [deny(100), rule('ssh', 200)], [rule('ssh', 100), deny(200)]),
  groups(
    'a Deny for IPv4 only',
    INGRESS,
    [deny(100), rule('ssh', 200)],
    [deny(100, { sourceAddressPrefix: '0.0.0.0/0' }), rule('ssh', 200)],
  ),
  groups(
    'a port range with 22 in it',
    INGRESS,
    [rule('mqtts', 100, { destinationPortRange: '8883' })],
    [rule('low', 100, { destinationPortRange: '20-8883' })],
  ),
  groups(
    'a service tag denied too late',
    INGRESS,
    [deny(100, { sourceAddressPrefix: 'Storage' }), rule('tag', 200, { sourceAddressPrefix: 'Storage' })],
    [rule('tag', 100, { sourceAddressPrefix: 'Storage' })],
  ),
  groups(
    'one name twice',
    INGRESS,
    [ssh, { ...deny(200), name: 'other' }],
    [
      { ...ssh, name: 'same' },
      { ...deny(200), name: 'SAME' },
    ],
  ),
  groups('a dated type', INGRESS, [ssh], [rule('ssh', 100)], 'network/v20250101:NetworkSecurityGroup'),
  standalone(),
  {
    name: 'both groups open',
    policy: INGRESS,
    subject: 'both-lax',
    safe: bothGroups([deny(100)]),
    unsafe: bothGroups([rule('also', 100)]),
  },
  groups('two rules of one priority', 'network-rules-in-one-order', [ssh, deny(200)], [ssh, deny(100)]),
  groups(
    'a source not known yet',
    'network-rules-readable',
    [ssh],
    [{ ...ssh, sourceAddressPrefix: { $id: 'closed' } }],
  ),
  groups(
    'all of IPv6',
    'network-no-ipv6-any',
    [ssh],
    [rule('v6', 100, { sourceAddressPrefix: '::/0', destinationPortRange: '8883' })],
  ),
  {
    name: 'a public interface without a group',
    policy: 'network-public-interfaces-guarded',
    subject: 'front',
    safe: [subnet('front-subnet', 'closed'), nic('front', 'front-subnet', front)],
    unsafe: [subnet('front-subnet'), nic('front', 'front-subnet', front)],
  },
  twin('an address that changes', 'network-public-address-fixed', address, STANDARD, {
    ...STANDARD,
    publicIPAllocationMethod: 'Dynamic',
  }),
  twin('a rule before every group', 'network-ways-in-judged', adminRule, { access: 'Deny' }, { access: 'AlwaysAllow' }),
  {
    name: 'a template',
    policy: 'network-ways-in-judged',
    subject: 'template',
    safe: [],
    unsafe: [
      native('resources:Deployment', 'template', {
        resourceGroupName: 'rg-corpus',
        properties: { mode: 'Incremental', template: {} },
      }),
    ],
  },
  twin(
    'a command that opens a port',
    'network-ways-in-judged',
    command,
    { create: 'true' },
    { create: 'az network nsg rule create --nsg-name closed' },
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

/** What several pairs need. */
const COMMON: Made[] = [
  native('resources:ResourceGroup', 'group', { ...place, resourceGroupName: 'rg-corpus' }),
  native('network:VirtualNetwork', 'vnet', {
    ...place,
    virtualNetworkName: 'vnet',
    addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
  }),
  closed,
  account('files')({}),
];

/** The files of a program that makes them, as stack prod: whatever is production's too is judged. */
export function programOf(resources: Made[]): Record<string, string> {
  const first = [...COMMON, ...resources.filter(({ name }) => name === 'address')];
  const all = [...first, ...resources.filter((each) => !first.includes(each))];
  return {
    'Pulumi.yaml': 'name: corpus\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: program.mjs\n',
    'Pulumi.prod.yaml': `config:\n  mqtt-saas:adminCidrs: ["${ADMIN}"]\n  mqtt-saas:location: northeurope\n`,
    'package.json': '{ "name": "corpus", "type": "module" }',
    'resources.json': JSON.stringify(all),
    'program.mjs': `import { readFileSync } from 'node:fs';
import { CustomResource } from '@pulumi/pulumi';

const made = {};
const filled = (value) => {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  if (value.$id) return made[value.$id].id;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
};
for (const { type, name, inputs, protect } of JSON.parse(readFileSync('resources.json', 'utf8')))
  made[name] = new CustomResource(type, name, filled(inputs), { protect });
`,
  };
}
