// NET-06: public interfaces have a network security group. A group that nothing refers to protects nothing.
import { at, type Known, UNKNOWN } from '../known.ts';
import { follow, type Link } from '../links.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { SUBNET } from '../types.ts';
import { exposedConfigurations, type Interface, interfaces } from './interfaces.ts';
import { type Subnet, subnetsOf } from './subnets.ts';

/** The subnets of an interface's configuration that are in the stack, or why there are none. */
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
  const configurations = exposedConfigurations(nic);
  if (configurations === UNKNOWN)
    return [{ urn, message: `"${name}": its IP configurations are not known during preview.` }];
  return configurations.flatMap((configuration): Finding[] => {
    const behind = subnetsBehind(nic, configuration, resources, subnets);
    if (behind === 'unknown')
      return [{ urn, message: `"${name}" is reachable from outside, and its subnet is not known during preview.` }];
    if (behind === 'outside')
      return [
        {
          urn,
          message: `"${name}" is reachable from outside, and its subnet is outside this stack, so its network security group cannot be checked.`,
        },
      ];
    return behind
      .filter(({ securityGroup }) => securityGroup === undefined)
      .map(() => ({
        urn,
        message: `"${name}" is reachable from outside, and neither it nor its subnet has a network security group.`,
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
    'Every network interface with a public address, or behind a load balancer or gateway, has a network security group on itself or on its subnet. A subnet outside the stack, or one that is not known, counts as having none.',
  reason:
    'An interface without a network security group is open on every port, whatever other groups the stack contains.',
  fix: 'set networkSecurityGroup on the Subnet (or on the NetworkInterface)',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
    'CIS Azure Foundations 5.0 7.11',
    'Checkov CKV2_AZURE_31',
  ],
  properties: {
    'Subnet.networkSecurityGroup': REQUIRED,
    'NetworkInterface.networkSecurityGroup': REQUIRED,
  },
  checkStack(resources) {
    const subnets = subnetsOf(resources);
    return interfaces(resources).flatMap((nic) => judge(nic, resources, subnets));
  },
};
