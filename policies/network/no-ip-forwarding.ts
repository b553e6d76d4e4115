// NET-08: the machine does not route packets.
import { at, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type ResourceRule, violation } from '../rule.ts';
import { NETWORK_INTERFACE, VIRTUAL_MACHINE } from '../types.ts';

export const noIpForwarding: ResourceRule = {
  id: 'NET-08',
  name: 'network-no-ip-forwarding',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand: 'No network interface has IP forwarding enabled.',
  reason:
    'An interface with IP forwarding accepts packets for other addresses, which the rules for its own address do not cover.',
  fix: 'remove enableIPForwarding from the NetworkInterface, or set it to false',
  sources: [
    'Microsoft Learn, "Virtual network traffic routing" (https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview)',
    'Azure Policy NetworkIPForwardingNic_Deny',
  ],
  properties: { 'NetworkInterface.enableIPForwarding': DEFAULT_IS_SAFE },
  types: [NETWORK_INTERFACE, VIRTUAL_MACHINE],
  remedy: { 'NetworkInterface.enableIPForwarding': false },
  check({ urn, name, type, props }) {
    const inMachine = at(props, 'networkProfile', 'networkInterfaceConfigurations');
    const nics: Known[] = type === NETWORK_INTERFACE ? [props] : Array.isArray(inMachine) ? inMachine : [];
    return nics
      .map((nic) => at(nic, 'enableIPForwarding'))
      .filter((value) => value === true || value === UNKNOWN)
      .map((value) => violation({ urn, name }, 'enableIPForwarding', value, 'has IP forwarding enabled'));
  },
};
