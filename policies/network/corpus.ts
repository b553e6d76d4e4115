// Security rules in both directions: what must be found, and what must be left alone. Each case is judged as a whole group.
import { UNKNOWN_TEXT } from '../testing/plan.ts';

/** Fields of a security rule that differ from `allow ssh from anywhere, priority 100`. */
export type RuleFields = Record<string, unknown>;

export interface Case {
  name: string;
  /** Rules inside the group. */
  inline?: RuleFields[];
  /** Standalone rules of the group. */
  standalone?: RuleFields[];
  /** Range of the subnet behind the group. Default: no subnet is in the stack. */
  subnet?: string;
  /** What a message of the contract must say; undefined when the group keeps the contract. */
  violation?: RegExp;
}

/** The one administrator of the corpus. */
export const ADMIN = '203.0.113.10/32';

/** A whole rule: SSH from anywhere unless the fields say otherwise. */
export function rule(fields: RuleFields): RuleFields {
  return {
    name: 'rule',
    priority: 100,
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '22',
    ...fields,
  };
}

const SSH = /to 22\/tcp is allowed/;
const MQTT = /to 1883\/tcp is allowed/;
const IPV6 = /from 2001:db8::7 to 22\/tcp is allowed/;
const UNJUDGED = /cannot be judged/;

const from = (prefix: unknown) => ({ sourceAddressPrefix: prefix });
const fromAll = (...prefixes: unknown[]) => ({ sourceAddressPrefix: undefined, sourceAddressPrefixes: prefixes });
const to = (port: unknown) => ({ destinationPortRange: port });
const toAll = (...ports: unknown[]) => ({ destinationPortRange: undefined, destinationPortRanges: ports });
const everything = { protocol: '*', ...to('*') };
const denyAll = { name: 'deny', access: 'Deny', ...everything };
const later = { name: 'late', priority: 200 };

const sources: Case[] = [
  {
    name: 'SSH from *',
    inline: [{}],
    violation: /from 198\.51\.100\.7 to 22\/tcp is allowed by rule "rule" \(priority 100\)/,
  },
  { name: 'SSH from Internet', inline: [from('Internet')], violation: SSH },
  { name: 'SSH from internet in lower case', inline: [from('internet')], violation: SSH },
  { name: 'SSH from INTERNET, the classic spelling', inline: [from('INTERNET')], violation: SSH },
  { name: 'SSH from 0.0.0.0/0', inline: [from('0.0.0.0/0')], violation: SSH },
  { name: 'SSH from 0.0.0.0/1 and 128.0.0.0/1', inline: [fromAll('0.0.0.0/1', '128.0.0.0/1')], violation: SSH },
  {
    name: 'SSH from the two halves in two rules',
    inline: [from('0.0.0.0/1'), { ...later, ...from('128.0.0.0/1') }],
    violation: SSH,
  },
  { name: 'SSH from half the Internet', inline: [from('128.0.0.0/1')], violation: SSH },
  { name: 'SSH from one stranger', inline: [from('198.51.100.7/32')], violation: /from 198\.51\.100\.7 to 22/ },
  { name: 'SSH from one stranger without a prefix length', inline: [from('198.51.100.7')], violation: SSH },
  { name: 'SSH from the administrator and a stranger', inline: [fromAll(ADMIN, '198.51.100.7/32')], violation: SSH },
  { name: 'SSH from the administrator’s /24, host bits set', inline: [from('203.0.113.99/24')], violation: SSH },
  {
    name: 'SSH from the administrator’s /31',
    inline: [from('203.0.113.10/31')],
    violation: /from 203\.0\.113\.11 to 22/,
  },
  { name: 'SSH from all of IPv6', inline: [from('::/0')], violation: IPV6 },
  { name: 'SSH from all of IPv6 in halves', inline: [fromAll('::/1', '8000::/1')], violation: IPV6 },
  { name: 'SSH from one IPv6 address', inline: [from('2001:db8::7/128')], violation: IPV6 },
  { name: 'SSH from all of IPv6 into an IPv4 subnet', inline: [from('::/0')], subnet: '10.10.1.0/24', violation: IPV6 },
  { name: 'SSH from AzureCloud', inline: [from('AzureCloud')], violation: SSH },
  { name: 'SSH from AzureCloud.WestEurope', inline: [from('AzureCloud.WestEurope')], violation: SSH },
  { name: 'SSH from Storage.northeurope', inline: [from('Storage.northeurope')], violation: SSH },
  { name: 'SSH from ActionGroup', inline: [from('ActionGroup')], violation: SSH },
  { name: 'SSH from GatewayManager', inline: [from('GatewayManager')], violation: SSH },
  { name: 'SSH from AzureFrontDoor.Backend', inline: [from('AzureFrontDoor.Backend')], violation: SSH },
  { name: 'SSH from a tag nobody knows', inline: [from('MyOffice')], violation: UNJUDGED },
  { name: 'SSH from Any, which is no value of the API', inline: [from('Any')], violation: UNJUDGED },
  { name: 'SSH from a tag in a list', inline: [fromAll(ADMIN, 'Internet')], violation: SSH },
  {
    name: 'SSH with both fields set, the list wider',
    inline: [{ ...from(ADMIN), sourceAddressPrefixes: ['0.0.0.0/0'] }],
    violation: SSH,
  },
  { name: 'SSH without a source', inline: [from(undefined)], violation: SSH },
  { name: 'SSH from just below the private 172.16.0.0/12', inline: [from('172.15.255.255/32')], violation: SSH },
  { name: 'SSH from just above 100.64.0.0/10', inline: [from('100.128.0.0/32')], violation: SSH },
  { name: 'SSH from 10.0.0.0/7, half of it public', inline: [from('10.0.0.0/7')], violation: /from 11\.0\.0\.0 to 22/ },
  { name: 'SSH from the administrator', inline: [from(ADMIN)] },
  { name: 'SSH from the administrator without a prefix length', inline: [from('203.0.113.10')] },
  { name: 'SSH from the administrator in a list', inline: [fromAll(ADMIN)] },
  { name: 'SSH from the administrator, empty list beside it', inline: [{ ...from(ADMIN), sourceAddressPrefixes: [] }] },
  { name: 'SSH from VirtualNetwork', inline: [from('VirtualNetwork')] },
  { name: 'SSH from virtualnetwork in lower case', inline: [from('virtualnetwork')] },
  {
    name: 'SSH from 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16',
    inline: [fromAll('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16')],
  },
  { name: 'SSH from carrier-grade NAT', inline: [from('100.64.0.0/10')] },
  { name: 'SSH from link-local addresses', inline: [fromAll('169.254.0.0/16')] },
  { name: 'SSH from unique local IPv6', inline: [from('fd00::/8')] },
  { name: 'everything from AzureLoadBalancer', inline: [{ ...everything, ...from('AzureLoadBalancer') }] },
  {
    name: 'SSH from an application security group',
    inline: [{ ...from(undefined), sourceApplicationSecurityGroups: [{ id: UNKNOWN_TEXT }] }],
  },
];

const ports: Case[] = [
  { name: 'plain MQTT from *', inline: [to('1883')], violation: MQTT },
  {
    name: 'plain MQTT from the administrator',
    inline: [{ ...to('1883'), ...from(ADMIN) }],
    violation: /administrator address to 1883\/tcp/,
  },
  { name: 'every port from *', inline: [to('*')], violation: SSH },
  { name: 'every port, spelled 0-65535', inline: [to('0-65535')], violation: SSH },
  { name: 'a range over 22', inline: [to('20-25')], violation: SSH },
  { name: 'a range over 1883', inline: [to('1000-2000')], violation: MQTT },
  { name: 'a range that ends at 22', inline: [to('1-22')], violation: SSH },
  { name: 'a range around 8883', inline: [to('8883-8884')], violation: /to 8884\/tcp/ },
  { name: '22 hidden in a list', inline: [toAll('8883', '20-30')], violation: SSH },
  { name: '22 as a number', inline: [to(22)], violation: SSH },
  { name: 'no destination port', inline: [to(undefined)], violation: SSH },
  { name: 'RDP', inline: [to('3389')], violation: /to 3389\/tcp/ },
  { name: 'HTTPS that was not switched on', inline: [to('443')], violation: /to 443\/tcp/ },
  { name: 'WebSocket that was not switched on', inline: [to('9001')], violation: /to 9001\/tcp/ },
  { name: 'SSH from one source port', inline: [{ sourcePortRange: '53' }], violation: SSH },
  {
    name: 'every port from the administrator',
    inline: [{ ...to('*'), ...from(ADMIN) }],
    violation: /an administrator address to/,
  },
  { name: '8883 over UDP', inline: [{ ...to('8883'), protocol: 'Udp' }], violation: /to 8883\/udp/ },
  { name: '8883 over every protocol', inline: [{ ...to('8883'), protocol: '*' }], violation: /to 8883\/udp/ },
  { name: 'ICMP from anywhere', inline: [{ ...to('*'), protocol: 'Icmp' }], violation: /over icmp is allowed/ },
  { name: 'ESP from anywhere', inline: [{ ...to('*'), protocol: 'Esp' }], violation: /over esp is allowed/ },
  {
    name: 'AH from the administrator',
    inline: [{ ...to('*'), protocol: 'Ah', ...from(ADMIN) }],
    violation: /administrator address over ah/,
  },
  { name: 'SSH in capitals', inline: [{ access: 'ALLOW', direction: 'INBOUND', protocol: 'TCP' }], violation: SSH },
  {
    name: 'SSH in small letters',
    inline: [{ access: 'allow', direction: 'inbound', protocol: 'tcp' }],
    violation: SSH,
  },
  { name: 'a port beyond 65535', inline: [to('70000')], violation: UNJUDGED },
  { name: 'a range upside down', inline: [to('30-20')], violation: UNJUDGED },
  { name: 'two ports in one text', inline: [to('22,8883')], violation: UNJUDGED },
  { name: 'a service instead of a port', inline: [to('ssh')], violation: UNJUDGED },
  { name: '8883 from *', inline: [to('8883')] },
  { name: '8883 in a list', inline: [toAll('8883')] },
  { name: '8883 as a range of one', inline: [to('8883-8883')] },
  {
    name: '8883 from split prefixes',
    inline: [{ ...to('8883'), ...fromAll('0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1') }],
  },
  { name: '8883 from Internet in small letters', inline: [{ ...to('8883'), ...from('internet'), protocol: 'tcp' }] },
  { name: '8883 and 22 from the administrator', inline: [{ ...toAll('22', '8883'), ...from(ADMIN) }] },
  { name: 'ICMP from the virtual network', inline: [{ ...to('*'), protocol: 'Icmp', ...from('VirtualNetwork') }] },
];

const order: Case[] = [
  { name: 'no rules at all' },
  { name: 'SSH from * denied before', inline: [denyAll, later] },
  { name: 'SSH from * denied before by Internet', inline: [{ ...denyAll, ...from('Internet') }, later] },
  { name: 'SSH from * denied by port before', inline: [{ name: 'deny', access: 'Deny' }, later] },
  {
    name: 'SSH from * denied in two halves',
    inline: [{ ...denyAll, ...fromAll('0.0.0.0/1', '128.0.0.0/1', '::/0') }, later],
  },
  {
    name: 'SSH from * denied by two rules',
    inline: [
      { ...denyAll, ...from('0.0.0.0/0') },
      { ...denyAll, name: 'deny6', priority: 110, ...from('::/0') },
      later,
    ],
  },
  {
    name: 'everything open but all else denied before',
    inline: [
      { ...denyAll, protocol: 'Tcp', ...toAll('0-8882', '8884-65535') },
      { ...denyAll, name: 'udp', priority: 110, protocol: 'Udp' },
      { ...denyAll, name: 'icmp', priority: 120, protocol: 'Icmp' },
      { ...denyAll, name: 'esp', priority: 130, protocol: 'Esp' },
      { ...denyAll, name: 'ah', priority: 140, protocol: 'Ah' },
      { ...later, ...everything },
    ],
  },
  { name: 'a Deny that comes too late', inline: [{}, { ...denyAll, priority: 200 }], violation: SSH },
  {
    name: 'an Allow of higher priority, written last',
    inline: [
      { ...denyAll, priority: 200 },
      { name: 'early', priority: 110 },
    ],
    violation: /rule "early" \(priority 110\)/,
  },
  { name: 'a Deny for IPv4 only', inline: [{ ...denyAll, ...from('0.0.0.0/0') }, later], violation: IPV6 },
  { name: 'a Deny for UDP only', inline: [{ ...denyAll, protocol: 'Udp' }, later], violation: SSH },
  {
    name: 'a Deny that misses one port',
    inline: [{ ...denyAll, ...toAll('0-21', '23-65535') }, later],
    violation: SSH,
  },
  {
    name: 'a Deny from some source ports',
    inline: [{ ...denyAll, sourcePortRange: '1024-65535' }, later],
    violation: SSH,
  },
  { name: 'a Deny for the Azure cloud only', inline: [{ ...denyAll, ...from('AzureCloud') }, later], violation: SSH },
  {
    name: 'a Deny for an application security group',
    inline: [
      { ...denyAll, destinationAddressPrefix: undefined, destinationApplicationSecurityGroups: [{ id: '/a' }] },
      later,
    ],
    violation: SSH,
  },
  {
    name: 'a Deny that misses one address',
    inline: [
      {
        ...denyAll,
        ...fromAll(
          '0.0.0.0/1',
          '128.0.0.0/2',
          '192.0.0.0/3',
          '224.0.0.0/4',
          '240.0.0.0/5',
          '248.0.0.0/6',
          '252.0.0.0/7',
          '254.0.0.0/8',
          '255.0.0.0/9',
          '::/0',
        ),
      },
      later,
    ],
    violation: /from 255\.128\.0\.0 to 22/,
  },
  { name: 'a Deny outbound', inline: [{ ...denyAll, direction: 'Outbound' }, later], violation: SSH },
  { name: 'SSH outbound', inline: [{ direction: 'Outbound' }] },
  {
    name: 'everything outbound, fields that cannot be read',
    inline: [{ direction: 'Outbound', ...everything, ...from('Nowhere'), priority: UNKNOWN_TEXT }],
  },
  {
    name: 'two inbound rules of one priority',
    inline: [{ name: 'deny', access: 'Deny' }, {}],
    violation: /both Inbound with priority 100/,
  },
  { name: 'one priority in two directions', inline: [from(ADMIN), { name: 'out', direction: 'Outbound' }] },
  { name: 'priority 99', inline: [{ priority: 99, ...to('8883') }], violation: UNJUDGED },
  { name: 'priority 4097', inline: [{ priority: 4097, ...to('8883') }], violation: UNJUDGED },
  { name: 'priority 4096', inline: [{ priority: 4096, ...to('8883') }] },
  { name: 'a priority that is a text', inline: [{ priority: '100', ...to('8883') }], violation: UNJUDGED },
  {
    name: 'the product’s own rules',
    inline: [
      { ...fromAll(ADMIN), name: 'allow-ssh-admin' },
      { name: 'allow-mqtts', priority: 110, ...to('8883') },
      { ...denyAll, name: 'deny-all-inbound', priority: 4096 },
    ],
  },
];

const unknowns: Case[] = [
  'priority',
  'direction',
  'access',
  'protocol',
  'sourceAddressPrefix',
  'sourcePortRange',
  'destinationAddressPrefix',
  'destinationPortRange',
  'sourceAddressPrefixes',
  'destinationPortRanges',
  'sourceApplicationSecurityGroups',
].map((field) => ({
  name: `${field} is not known yet`,
  inline: [{ ...from(ADMIN), ...to('8883'), [field]: UNKNOWN_TEXT }],
  violation: /is not known during preview/,
}));

const unreadable: Case[] = [
  {
    name: 'one prefix of a list is not known yet',
    inline: [fromAll(ADMIN, UNKNOWN_TEXT)],
    violation: /sourceAddressPrefixes\[1\] is not known/,
  },
  {
    name: 'a Deny whose source is not known yet',
    inline: [{ ...denyAll, ...from(UNKNOWN_TEXT) }, later],
    violation: UNJUDGED,
  },
  { name: 'an octal address', inline: [from('0203.0.113.10')], violation: UNJUDGED },
  { name: 'a short address', inline: [from('10.1')], violation: UNJUDGED },
  { name: 'an address range', inline: [from('10.0.0.1-10.0.0.9')], violation: UNJUDGED },
  { name: 'a prefix beyond /32', inline: [from('203.0.113.10/33')], violation: UNJUDGED },
  { name: 'a netmask', inline: [from('10.0.0.0/255.0.0.0')], violation: UNJUDGED },
  { name: 'a protocol by number', inline: [{ protocol: '6' }], violation: UNJUDGED },
  { name: 'no access', inline: [{ access: undefined, ...to('8883') }], violation: UNJUDGED },
  { name: 'no direction', inline: [{ direction: undefined, ...to('8883') }], violation: UNJUDGED },
];

const standalone: Case[] = [
  {
    name: 'SSH standalone beside safe inline rules',
    inline: [to('8883')],
    standalone: [{ name: 'ssh', priority: 200 }],
    violation: SSH,
  },
  { name: 'SSH standalone alone', standalone: [{}], violation: SSH },
  { name: 'SSH inline, denied standalone before', inline: [later], standalone: [denyAll] },
  { name: 'SSH standalone, denied inline before', inline: [denyAll], standalone: [later] },
  {
    name: 'SSH standalone, denied inline too late',
    inline: [{ ...denyAll, priority: 300 }],
    standalone: [later],
    violation: SSH,
  },
  {
    name: 'the same priority inline and standalone',
    inline: [denyAll],
    standalone: [{ name: 'ssh' }],
    violation: /both Inbound with priority 100/,
  },
  { name: 'the same rule inline and standalone', inline: [from(ADMIN)], standalone: [from(ADMIN)] },
  {
    name: 'the same name with different fields',
    inline: [from(ADMIN)],
    standalone: [{ priority: 300, ...from('VirtualNetwork') }],
    violation: /written twice/,
  },
  { name: 'an older copy that Azure returned', inline: [{ etag: 'W/"1"' }], standalone: [from(ADMIN)] },
  {
    name: 'a standalone rule not known yet',
    inline: [denyAll],
    standalone: [{ name: 'ssh', priority: 200, ...from(UNKNOWN_TEXT) }],
    violation: UNJUDGED,
  },
  { name: 'a safe standalone rule', inline: [denyAll], standalone: [{ name: 'mqtts', priority: 200, ...to('8883') }] },
];

const destination = (prefix: unknown) => ({ destinationAddressPrefix: prefix });
const destinations: Case[] = [
  { name: 'SSH to the machine', inline: [destination('10.10.1.4/32')], subnet: '10.10.1.0/24', violation: SSH },
  {
    name: 'SSH to the virtual network',
    inline: [destination('VirtualNetwork')],
    subnet: '10.10.1.0/24',
    violation: SSH,
  },
  { name: 'SSH to an address when no subnet is known', inline: [destination('10.99.0.4/32')], violation: SSH },
  {
    name: 'SSH to an application security group',
    inline: [{ ...destination(undefined), destinationApplicationSecurityGroups: [{ id: '/a' }] }],
    subnet: '10.10.1.0/24',
    violation: SSH,
  },
  {
    name: 'a Deny to another subnet',
    inline: [{ ...denyAll, ...destination('10.99.0.0/24') }, later],
    subnet: '10.10.1.0/24',
    violation: SSH,
  },
  {
    name: 'a Deny to half of the subnet',
    inline: [
      { ...denyAll, ...destination('10.10.1.0/25') },
      { ...later, ...from('0.0.0.0/0') },
    ],
    subnet: '10.10.1.0/24',
    violation: SSH,
  },
  { name: 'SSH to another subnet', inline: [{ ...destination('10.99.0.0/24') }], subnet: '10.10.1.0/24' },
  {
    name: 'a Deny to the whole subnet',
    inline: [
      { ...denyAll, ...destination('10.10.0.0/16') },
      { ...later, ...from('0.0.0.0/0') },
    ],
    subnet: '10.10.1.0/24',
  },
  {
    name: 'a Deny to the virtual network',
    inline: [{ ...denyAll, ...destination('VirtualNetwork') }, later],
    subnet: '10.10.1.0/24',
  },
];

export const CORPUS: Case[] = [
  ...sources,
  ...ports,
  ...order,
  ...unknowns,
  ...unreadable,
  ...standalone,
  ...destinations,
];
