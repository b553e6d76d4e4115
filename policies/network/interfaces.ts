// Network interfaces, whether they are resources of their own or written inside a virtual machine.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { NETWORK_INTERFACE, VIRTUAL_MACHINE } from '../types.ts';

/** A network interface as far as it matters here, with the top-level property its references are written in. */
export interface Interface {
  resource: Resource;
  properties: { group: string; configurations: string };
  hasGroup: boolean;
  configurations: Known;
  publicIp: string;
}

/** True when a security group is surely named; its id need not be known, but that there is one must be. */
function isNamed(group: Known): boolean {
  return isObject(group) && isSet(group.id);
}

/** Interfaces of their own and those written inside a virtual machine. */
export function interfaces(resources: Resource[]): Interface[] {
  return resources.flatMap((resource): Interface[] => {
    if (resource.type === NETWORK_INTERFACE) {
      const properties = { group: 'networkSecurityGroup', configurations: 'ipConfigurations' };
      const { networkSecurityGroup, ipConfigurations } = resource.props;
      return [
        {
          resource,
          properties,
          hasGroup: isNamed(networkSecurityGroup),
          configurations: ipConfigurations,
          publicIp: 'publicIPAddress',
        },
      ];
    }
    const inMachine =
      resource.type === VIRTUAL_MACHINE
        ? at(resource.props, 'networkProfile', 'networkInterfaceConfigurations')
        : undefined;
    if (!Array.isArray(inMachine)) return [];
    const properties = { group: 'networkProfile', configurations: 'networkProfile' };
    return inMachine.map((nic) => ({
      resource,
      properties,
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
