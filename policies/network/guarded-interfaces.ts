// NET-06: the rules must be in the packet's way. A network security group that nothing refers to guards nothing.
import type { Finding, StackRule } from '../define.ts';
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { VIRTUAL_MACHINE } from '../machine/types.ts';
import type { Resource } from '../resource.ts';
import { follow, type Link } from './links.ts';
import { type Subnet, subnetsOf } from './subnets.ts';
import { NETWORK_INTERFACE, SUBNET } from './types.ts';

/** A network interface as far as it matters here, with the top-level property its references are written in. */
interface Interface {
  resource: Resource;
  properties: { group: string; configurations: string };
  hasGroup: boolean;
  configurations: Known;
  publicIp: string;
}

function isReferenced(group: Known): boolean {
  return group === UNKNOWN || isSet(at(group, 'id'));
}

/** Interfaces of their own and those written inside a virtual machine. */
function interfaces(resources: Resource[]): Interface[] {
  return resources.flatMap((resource): Interface[] => {
    if (resource.type === NETWORK_INTERFACE) {
      const properties = { group: 'networkSecurityGroup', configurations: 'ipConfigurations' };
      const { networkSecurityGroup, ipConfigurations } = resource.props;
      return [
        {
          resource,
          properties,
          hasGroup: isReferenced(networkSecurityGroup),
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
      hasGroup: isReferenced(at(nic, 'networkSecurityGroup')),
      configurations: at(nic, 'ipConfigurations'),
      publicIp: 'publicIPAddressConfiguration',
    }));
  });
}

/** The subnets of an interface's configuration, each in the stack, or why they are not known. */
function subnetsBehind(
  nic: Interface,
  configuration: Known,
  resources: Resource[],
  subnets: Subnet[],
): Subnet[] | Exclude<Link, Resource[]> {
  const id = at(configuration, 'subnet', 'id');
  const link = follow(nic.resource, nic.properties.configurations, id, SUBNET, resources);
  if (Array.isArray(link)) return subnets.filter(({ resource }) => link.includes(resource));
  const name = typeof id === 'string' ? /\/subnets\/([^/]+)/i.exec(id)?.[1]?.toLowerCase() : undefined;
  const inline = subnets.filter((subnet) => typeof subnet.name === 'string' && subnet.name.toLowerCase() === name);
  return inline.length > 0 ? inline : link;
}

function judge(nic: Interface, resources: Resource[], subnets: Subnet[]): Finding[] {
  const { urn, name } = nic.resource;
  if (nic.hasGroup) return [];
  if (nic.configurations === UNKNOWN)
    return [{ urn, message: `The IP configurations of "${name}" are not known during preview.` }];
  const configurations = Array.isArray(nic.configurations) ? nic.configurations : [];
  return configurations.flatMap((configuration): Finding[] => {
    if (configuration !== UNKNOWN && !(isObject(configuration) && isSet(configuration[nic.publicIp]))) return [];
    const behind = subnetsBehind(nic, configuration, resources, subnets);
    if (behind === 'unknown')
      return [{ urn, message: `"${name}" has a public address in a subnet that cannot be told in this preview.` }];
    if (behind === 'outside')
      return [
        {
          urn,
          message: `"${name}" has a public address in a subnet outside this stack, where no network security group can be seen.`,
        },
      ];
    return behind
      .filter(({ securityGroup }) => securityGroup === undefined)
      .map(() => ({
        urn,
        message: `"${name}" has a public address, and neither it nor its subnet has a network security group.`,
      }));
  });
}

export const guardedInterfaces: StackRule = {
  id: 'NET-06',
  name: 'network-public-interfaces-guarded',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every network interface with a public address has a network security group, on itself or on its subnet. A subnet that cannot be seen counts as having none.',
  reason:
    'Rules that no packet passes protect nothing: an interface without a group is open on every port, whatever groups the stack holds.',
  fix: 'set networkSecurityGroup on the Subnet (or on the NetworkInterface)',
  checkStack(resources) {
    const subnets = subnetsOf(resources);
    return interfaces(resources).flatMap((nic) => judge(nic, resources, subnets));
  },
};
