// What happens to the network's members: nearly all stay; the address and the interface must outlive the machine.
import { CUT_OVER } from '../../../stacks/adoption/plan.ts';
import type { Decision } from './row.ts';

/** Of series Bv1 ("Accelerated Networking", Microsoft Learn: the later series have it). */
const NOT_ACCELERATED = ['Standard_B1s', 'Standard_B2s'];

const ADDRESS_OUTLIVES = 'the address must outlive the machine';

export const NETWORK: Record<string, Decision[]> = {
  'network-nsg': [
    // Each rule by itself: security-rules.ts.
    { at: 'securityRules', outcome: 'apart', why: '' },
    {
      at: 'sharedWith',
      outcome: 'kept',
      byName: true,
      why: 'from phase 1 on the platform’s rules apply to these too; give them a group of their own',
    },
  ],
  'network-subnet': [
    { at: 'addressPrefix', outcome: 'same', why: '' },
    { at: 'addressPrefixes', outcome: 'same', why: '' },
    { at: 'networkSecurityGroup', outcome: 'same', why: '' },
    {
      at: 'otherSecurityGroup',
      outcome: 'taken away',
      byName: true,
      why: "the subnet gets the interface's security group, so the rules of this one no longer apply: move those that must stay",
    },
    {
      at: 'sharedWith',
      outcome: 'kept',
      byName: true,
      why: 'from phase 1 on the platform’s security group applies to these too, and they reach the internet only through public addresses of their own',
    },
    {
      at: 'defaultOutboundAccess',
      outcome: 'set',
      to: false,
      why: 'a machine without a public address of its own no longer reaches the internet',
    },
  ],
  'network-address': [
    {
      at: 'publicIPAllocationMethod',
      outcome: 'set',
      to: 'Static',
      why: ADDRESS_OUTLIVES,
    },
    { at: 'deleteOption', outcome: 'set', to: 'Detach', sent: true, why: ADDRESS_OUTLIVES },
    {
      at: 'dnsSettings.domainNameLabelScope',
      outcome: 'kept',
      byName: true,
      why: "Azure adds a part of its own to the name, so the platform's certificate would be for another name: set the stack's `domain` first",
    },
  ],
  'network-nic': [
    { at: 'ipConfigurations.*.subnet.id', outcome: 'same', why: '' },
    { at: 'ipConfigurations.*.publicIPAddress.id', outcome: 'same', why: '' },
    {
      at: 'ipConfigurations.*.publicIPAddress.deleteOption',
      outcome: 'set',
      to: 'Detach',
      sent: true,
      why: ADDRESS_OUTLIVES,
    },
    {
      at: 'enableAcceleratedNetworking',
      outcome: 'kept',
      only: (value, { vmSize, sizeChanges }) => value === true && sizeChanges && NOT_ACCELERATED.includes(vmSize),
      byName: true,
      why: 'the new size does not support it, so phase 2 would fail: choose another (vmSize), or switch it off while the machine is deallocated',
    },
    {
      at: 'enableIPForwarding',
      outcome: 'set',
      to: false,
      phase: CUT_OVER,
      why: 'the new machine forwards no packets: what goes through it today (a VPN, a route table) ends',
    },
  ],
};
