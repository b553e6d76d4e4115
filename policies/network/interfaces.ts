// Network interfaces, whether they are resources of their own or written inside a virtual machine or a scale set.
import { at, entriesOf, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { NETWORK_INTERFACE, SCALE_SET, VIRTUAL_MACHINE } from '../types.ts';

/** A network interface as far as it matters here, with the top-level property its references are written in. */
export interface Interface {
  resource: Resource;
  properties: { group: string; configurations: string };
  /** What names the network security group. */
  group: Known;
  hasGroup: boolean;
  configurations: Known;
  publicIp: string;
}

/** Where the interfaces are in what holds them. */
const INSIDE: Record<string, string[]> = {
  [VIRTUAL_MACHINE]: ['networkProfile'],
  [SCALE_SET]: ['virtualMachineProfile', 'networkProfile'],
};

/** True when a security group is surely named; its id need not be known, but that there is one must be. */
function isNamed(group: Known): boolean {
  return isObject(group) && isSet(group.id);
}

/** Interfaces of their own and those written inside a virtual machine or a scale set. */
export function interfaces(resources: Resource[]): Interface[] {
  return resources.flatMap((resource): Interface[] => {
    if (resource.type === NETWORK_INTERFACE) {
      const properties = { group: 'networkSecurityGroup', configurations: 'ipConfigurations' };
      const { networkSecurityGroup, ipConfigurations } = resource.props;
      return [
        {
          resource,
          properties,
          group: networkSecurityGroup,
          hasGroup: isNamed(networkSecurityGroup),
          configurations: ipConfigurations,
          publicIp: 'publicIPAddress',
        },
      ];
    }
    const path = INSIDE[resource.type];
    const inMachine = path === undefined ? undefined : at(resource.props, ...path, 'networkInterfaceConfigurations');
    if (path === undefined) return [];
    const properties = { group: path[0]!, configurations: path[0]! };
    // A list that is not known may hold an interface of which nothing is known.
    return entriesOf(inMachine).map((nic) => ({
      resource,
      properties,
      group: at(nic, 'networkSecurityGroup'),
      hasGroup: isNamed(at(nic, 'networkSecurityGroup')),
      configurations: at(nic, 'ipConfigurations'),
      publicIp: 'publicIPAddressConfiguration',
    }));
  });
}

/** The IP configurations that have a public address or may have one; UNKNOWN when none of them is known. */
export function publicConfigurations({ configurations, publicIp }: Interface): Known[] | typeof UNKNOWN {
  if (configurations === UNKNOWN) return UNKNOWN;
  if (!Array.isArray(configurations)) return [];
  return configurations.filter((each) => each === UNKNOWN || (isObject(each) && isSet(each[publicIp])));
}

/** What passes packets from outside on to an interface without a public address of its own. */
const FORWARDERS = [
  'loadBalancerBackendAddressPools',
  'loadBalancerInboundNatRules',
  'loadBalancerInboundNatPools',
  'applicationGatewayBackendAddressPools',
];

/** The same with those that something passes packets on to. */
export function exposedConfigurations(nic: Interface): Known[] | typeof UNKNOWN {
  const { configurations } = nic;
  const open = publicConfigurations(nic);
  if (open === UNKNOWN || !Array.isArray(configurations)) return open;
  const isForwardedTo = (each: Known) => FORWARDERS.some((key) => entriesOf(at(each, key)).length > 0);
  return configurations.filter((each) => open.includes(each) || isForwardedTo(each));
}
