// Pairs of resources in and about the network.
import { rule as wholeRule } from '../../../policies/network/corpus/case.ts';
import { ADMIN, type Made, native, type Pair, place, twin } from './made.ts';

const rule = (name: string, priority: number, fields: object = {}) => wholeRule({ name, priority, ...fields });
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
    subnetName: name,
    addressPrefix: '10.10.1.0/24',
    ...(group ? { networkSecurityGroup: { id: { $id: group } } } : {}),
  });
const nic = (name: string, inSubnet: string, inputs: object, more: object = {}) =>
  native('network:NetworkInterface', name, {
    ...place,
    ...more,
    ipConfigurations: [{ name: 'primary', subnet: { id: { $id: inSubnet } }, ...inputs }],
  });
/** A group that lets nobody in. */
export const closed = native('network:NetworkSecurityGroup', 'closed', { ...place, securityRules: [deny(100)] });
const address = (inputs: object) => native('network:PublicIPAddress', 'address', { ...place, ...inputs });
const STANDARD = { sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' };
const front = { publicIPAddress: { id: { $id: 'address' } } };

/** A subnet with an open group, and in it an interface with a strict one or with another open one. */
function bothGroups(prefix: string, own: object[]): Made[] {
  const [lax, strict, inside] = [`${prefix}-lax`, `${prefix}-own`, `${prefix}-subnet`];
  return [
    native('network:NetworkSecurityGroup', lax, { ...place, securityRules: [rule('open', 100)] }),
    native('network:NetworkSecurityGroup', strict, { ...place, securityRules: own }),
    subnet(inside, lax),
    nic(`${prefix}-nic`, inside, {}, { networkSecurityGroup: { id: { $id: strict } } }),
  ];
}
/** In a subnet that is named by its id as a text. */
const containers = (name: string, inSubnet: string) =>
  native('containerinstance:ContainerGroup', name, {
    ...place,
    containers: [],
    osType: 'Linux',
    subnetIds: [{ id: `${NETWORKS}/vnet/subnets/${inSubnet}` }],
  });
const NETWORKS =
  '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-corpus/providers/Microsoft.Network/virtualNetworks';

const adminRule = (inputs: Record<string, unknown>) =>
  native('network:AdminRule', 'first', {
    resourceGroupName: 'rg-corpus',
    networkManagerName: 'm',
    configurationName: 'c',
    ruleCollectionName: 'r',
    ruleName: 'first',
    kind: 'Custom',
    direction: 'Inbound',
    priority: 1,
    protocol: 'Tcp',
    destinationPortRanges: ['22'],
    ...inputs,
  });
const ssh = rule('ssh', 100, { sourceAddressPrefix: ADMIN });

export const NETWORK_PAIRS: Pair[] = [
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
    safe: bothGroups('both', [deny(100)]),
    unsafe: bothGroups('both', [rule('also', 100)]),
  },
  {
    name: 'something else in an open subnet',
    policy: INGRESS,
    subject: 'beside-lax',
    safe: bothGroups('beside', [deny(100)]),
    unsafe: [...bothGroups('beside', [deny(100)]), containers('beside-box', 'BESIDE-subnet')],
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
  twin(
    'a rule before every group',
    'network-openings-judged',
    adminRule,
    { access: 'Deny' },
    { access: 'AlwaysAllow' },
  ),
  {
    name: 'a template',
    policy: 'network-openings-judged',
    subject: 'template',
    safe: [],
    unsafe: [
      native('resources:Deployment', 'template', {
        resourceGroupName: 'rg-corpus',
        properties: { mode: 'Incremental', template: {} },
      }),
    ],
  },
];
