// Network interfaces: separate resources, and those defined inside a virtual machine or a scale set.
import { at, entriesOf, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { NETWORK_INTERFACE, SCALE_SET, VIRTUAL_MACHINE } from '../types.ts';

/** A network interface, with the top-level properties that contain its references. */
export interface Interface {
  resource: Resource;
  properties: { group: string; configurations: string };
  /** Reference to the network security group. */
  group: Known;
  hasGroup: boolean;
  configurations: Known;
  publicIp: string;
}

/** Path of the interfaces inside a machine or scale set. */
const INSIDE: Record<string, string[]> = {
  [VIRTUAL_MACHINE]: ['networkProfile'],
  [SCALE_SET]: ['virtualMachineProfile', 'networkProfile'],
};

/** True when there certainly is a security group; its id need not be known. */
function isNamed(group: Known): boolean {
  return isObject(group) && isSet(group.id);
}

/** All interfaces of the stack. */
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
    // A list that is not known counts as one interface of which nothing is known.
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

/** The IP configurations that have or may have a public address; UNKNOWN when the list is not known. */
export function publicConfigurations({ configurations, publicIp }: Interface): Known[] | typeof UNKNOWN {
  if (configurations === UNKNOWN) return UNKNOWN;
  if (!Array.isArray(configurations)) return [];
  return configurations.filter((each) => each === UNKNOWN || (isObject(each) && isSet(each[publicIp])));
}

/** References to resources that forward packets from outside to an interface without its own public address. */
const FORWARDERS = [
  'loadBalancerBackendAddressPools',
  'loadBalancerInboundNatRules',
  'loadBalancerInboundNatPools',
  'applicationGatewayBackendAddressPools',
];

/** The same, plus those that receive forwarded packets. */
export function exposedConfigurations(nic: Interface): Known[] | typeof UNKNOWN {
  const { configurations } = nic;
  const open = publicConfigurations(nic);
  if (open === UNKNOWN || !Array.isArray(configurations)) return open;
  const isForwardedTo = (each: Known) => FORWARDERS.some((key) => entriesOf(at(each, key)).length > 0);
  return configurations.filter((each) => open.includes(each) || isForwardedTo(each));
}
