// Subnets: separate resources, and those defined inside their virtual network.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { follow, type Link } from '../links.ts';
import type { Resource } from '../resource.ts';
import { SECURITY_GROUP, SUBNET, VIRTUAL_NETWORK } from '../types.ts';
import { interfaces } from './interfaces.ts';
import { type AddressSet, ALL_ADDRESSES, parsePrefix, perFamily, unionOf } from './reachability/addresses.ts';

/** One subnet. */
export interface Subnet {
  /** The Subnet resource, or the VirtualNetwork that contains it. */
  resource: Resource;
  name: Known;
  /** Reference to the network security group, and the top-level property of `resource` that contains it. */
  groupReference: Known;
  groupProperty: string;
  /** The network security group of the subnet; undefined when it has none. */
  securityGroup?: Link;
  /** Its address range; undefined when it is not known. */
  addresses?: AddressSet;
}

function toSubnet(resource: Resource, property: string, props: Known, resources: Resource[]): Subnet {
  const group = at(props, 'networkSecurityGroup');
  const id = at(group, 'id');
  const link = follow(resource, property, id, SECURITY_GROUP, resources);
  // An unknown value may turn out not to be a group, unless it depends on one.
  const hasNoSource = group === UNKNOWN && link === 'unknown';
  const list = at(props, 'addressPrefixes');
  const written: Known[] = [at(props, 'addressPrefix')];
  if (Array.isArray(list)) written.push(...list);
  else written.push(list);
  const prefixes = written.filter(isSet).map((text) => (typeof text === 'string' ? parsePrefix(text) : undefined));
  const areKnown = prefixes.length > 0 && prefixes.every((prefix) => prefix !== undefined);
  return {
    resource,
    name: at(props, 'subnetName') ?? at(props, 'name'),
    groupReference: group,
    groupProperty: property,
    securityGroup: isSet(id) && !hasNoSource ? link : undefined,
    addresses: areKnown ? unionOf(prefixes) : undefined,
  };
}

/** All subnets of the stack. */
export function subnetsOf(resources: Resource[]): Subnet[] {
  return resources.flatMap((resource) => {
    if (resource.type === SUBNET) return [toSubnet(resource, 'networkSecurityGroup', resource.props, resources)];
    if (resource.type !== VIRTUAL_NETWORK || !Array.isArray(resource.props.subnets)) return [];
    return resource.props.subnets.filter(isObject).map((props) => toSubnet(resource, 'subnets', props, resources));
  });
}

/**
 * The addresses behind a network security group: those of its subnets if all are known, otherwise all addresses. A family
 * in which the subnets have no range also counts as all addresses, because a range can be added later without changing the
 * group.
 */
export function addressesBehind(group: Resource, resources: Resource[]): AddressSet {
  const leadsHere = (link: Link | undefined): boolean =>
    link === 'unknown' || (Array.isArray(link) && link.some(({ urn }) => urn === group.urn));
  const guardsInterface = interfaces(resources).some(
    ({ resource, properties, group: own }) =>
      isSet(own) && leadsHere(follow(resource, properties.group, at(own, 'id'), SECURITY_GROUP, resources)),
  );
  const subnets = subnetsOf(resources).filter(({ securityGroup }) => leadsHere(securityGroup));
  if (guardsInterface || subnets.length === 0 || subnets.some(({ addresses }) => addresses === undefined)) {
    return ALL_ADDRESSES;
  }
  const behind = unionOf(subnets.map(({ addresses }) => addresses!));
  return perFamily((family) => (behind[family].length > 0 ? behind[family] : ALL_ADDRESSES[family]));
}
