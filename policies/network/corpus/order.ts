// Cases about the order of rules.
import { UNKNOWN_TEXT } from '../../testing/plan.ts';
import { ADMIN, type Case, denyAll, everything, from, fromAll, IPV6, later, SSH, to, toAll, UNJUDGED } from './case.ts';

export const order: Case[] = [
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
  {
    name: 'a service tag denied before',
    inline: [
      { ...denyAll, ...from('Storage') },
      { ...later, ...from('storage') },
    ],
  },
  {
    name: 'a part of a service tag, the whole denied before',
    inline: [
      { ...denyAll, ...from('Storage') },
      { ...later, ...from('Storage.WestEurope') },
    ],
  },
  {
    name: 'a service tag, a part denied before',
    inline: [
      { ...denyAll, ...from('Storage.WestEurope') },
      { ...later, ...from('Storage') },
    ],
    violation: /^A packet from an address of the service tag storage to 22\/tcp is allowed by rule "late"/,
  },
  {
    name: 'another service tag denied before',
    inline: [
      { ...denyAll, ...from('Sql') },
      { ...later, ...from('Storage') },
    ],
    violation: /service tag storage to 22/,
  },
  {
    name: 'a service tag denied too late',
    inline: [from('Storage'), { ...denyAll, priority: 200, ...from('Storage') }],
    violation: /service tag storage to 22/,
  },
  {
    name: 'everyone behind a service tag that is denied and allowed',
    inline: [
      { ...denyAll, ...from('AzureCloud') },
      { ...later, ...from('AzureCloud') },
      { name: 'all', priority: 300 },
    ],
    violation: /from 198\.51\.100\.7 to 22\/tcp is allowed by rule "all"/,
  },
  {
    name: 'a service tag beside a prefix, the tag denied before',
    inline: [
      { ...denyAll, ...from('Storage') },
      { ...later, ...fromAll('Storage', '198.51.100.0/24') },
    ],
    violation: /from 198\.51\.100\.7 to 22/,
  },
  {
    name: 'two rules of one name in different letter case',
    inline: [
      { name: 'same', priority: 150 },
      { name: 'SAME', priority: 140, access: 'Deny' },
    ],
    violation: /"same" and "SAME" have the same name to Azure/,
  },
  {
    name: 'one name in two directions',
    inline: [to('8883'), { name: 'Rule', priority: 140, direction: 'Outbound' }],
    violation: /have the same name to Azure/,
  },
  { name: 'two outbound rules of one name', inline: [1, 2].map((n) => ({ priority: 100 + n, direction: 'Outbound' })) },
  { name: 'a name not known yet', inline: [{ name: UNKNOWN_TEXT, ...to('8883') }], violation: UNJUDGED },
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
