// What becomes of the network's members: nearly all stay; the address and the interface must outlive the machine.
import { CUT_OVER } from '../../../stacks/adoption-plan.ts';
import type { Decision } from '../decisions.ts';

/** Of series Bv1 ("Accelerated Networking", Microsoft Learn: the later series have it). */
const NOT_ACCELERATED = ['Standard_B1s', 'Standard_B2s'];

const ADDRESS_OUTLIVES = 'the address must outlive the machine';

export const NETWORK: Record<string, Decision[]> = {
  'network-nsg': [
    // Each rule for itself: security-rules.ts.
    { at: 'securityRules', outcome: 'apart', why: '' },
    {
      at: 'sharedWith',
      outcome: 'kept',
      byName: true,
      why: 'from phase 1 on the rules that the platform needs hold for these too; give them a group of their own',
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
      why: "the subnet gets the interface's security group, so the rules of this one hold no more: move those that must stay",
    },
    {
      at: 'sharedWith',
      outcome: 'kept',
      byName: true,
      why: 'from phase 1 on the platform’s security group holds for these too, and they go out by public addresses of their own alone',
    },
    {
      at: 'defaultOutboundAccess',
      outcome: 'set',
      to: false,
      why: 'machines go out by a public address of their own; one without any goes out no more',
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
      why: "the name has a part that Azure made up, so the platform's certificate would be for another one: set the stack's `domain` first",
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
      why: 'the new size has none, so phase 2 would fail: choose another (vmSize), or switch it off while the machine is deallocated',
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
