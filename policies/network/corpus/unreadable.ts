// Cases with unknown or unreadable fields.
import { UNKNOWN_TEXT } from '../../testing/plan.ts';
import { ADMIN, type Case, denyAll, from, fromAll, later, to, UNJUDGED } from './case.ts';

export const unknowns: Case[] = [
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

export const unreadable: Case[] = [
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
