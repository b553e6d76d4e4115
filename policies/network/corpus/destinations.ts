// Cases about destinations.
import { type Case, denyAll, from, later, SSH } from './case.ts';

const destination = (prefix: unknown) => ({ destinationAddressPrefix: prefix });
export const destinations: Case[] = [
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
