// The paths to the machines: the security groups that a packet must pass in turn. Azure evaluates the group of the subnet and
// then the group of the interface, and both must allow the packet.
import { at, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { follow, followCertain } from '../links.ts';
import type { Resource } from '../resource.ts';
import {
  DIAGNOSTIC_SETTING,
  FLOW_LOG,
  NETWORK_INTERFACE,
  SCALE_SET,
  SECURITY_GROUP,
  SUBNET,
  VIRTUAL_MACHINE,
  VIRTUAL_NETWORK,
} from '../types.ts';
import { type Interface, interfaces } from './interfaces.ts';
import { type AddressSet, ALL_ADDRESSES, perFamily } from './reachability/addresses.ts';
import type { RuleGroup } from './rule-groups.ts';
import { type Subnet, subnetsOf } from './subnets.ts';

/** Groups that a packet certainly passes, all of them, and the addresses it can be sent to. */
export interface Path {
  groups: RuleGroup[];
  machine: AddressSet;
}

/** One interface in one subnet that it may be in, with the groups that certainly protect it there. */
interface Placement {
  nic: Interface;
  subnet?: Subnet;
  groups: RuleGroup[];
}

const native = (...types: string[]) => types.map((type) => `azure-native:${type}`);
/** Types that refer to a network or its subnets, some only in a list that Azure fills in, without being in a subnet. */
const IN_NO_SUBNET = [VIRTUAL_NETWORK, SECURITY_GROUP, FLOW_LOG, DIAGNOSTIC_SETTING].concat(
  native('network:RouteTable', 'network:NatGateway', 'network:ServiceEndpointPolicy', 'network:VirtualNetworkPeering'),
  native('network:VirtualNetworkLink', 'privatedns:VirtualNetworkLink'),
);
/** Types with interfaces, which {@link PathFinder} judges separately. */
const INTERFACES = [NETWORK_INTERFACE, VIRTUAL_MACHINE, SCALE_SET];

/** True when the value contains an id that may be the subnet's. */
function mayName(subnet: Subnet, value: Known): boolean {
  if (typeof value === 'string') {
    const name = /\/subnets\/([^/]+)$/i.exec(value)?.[1]?.toLowerCase();
    return name !== undefined && (typeof subnet.name !== 'string' || name === subnet.name.toLowerCase());
  }
  if (Array.isArray(value)) return value.some((each) => mayName(subnet, each));
  return isObject(value) && Object.values(value).some((each) => mayName(subnet, each));
}

/** True when a resource may be in the subnet: it depends on the subnet or its network, or contains the subnet's id. */
function mayBeIn(subnet: Subnet, resource: Resource, networks: Resource[]): boolean {
  if (resource.type === SUBNET || resource === subnet.resource) return false;
  const sources = Object.values(resource.propertyDependencies).flat();
  if (sources.includes(subnet.resource.urn)) return true;
  if ([...IN_NO_SUBNET, ...INTERFACES].includes(resource.type)) return false;
  return (
    networks.some(({ urn }) => sources.includes(urn) || resource.dependencies.includes(urn)) ||
    mayName(subnet, resource.props)
  );
}

class PathFinder {
  private readonly groups: RuleGroup[];
  private readonly resources: Resource[];
  private readonly subnets: Subnet[];
  private readonly nics: Interface[];

  constructor(groups: RuleGroup[], resources: Resource[]) {
    this.groups = groups;
    this.resources = resources;
    this.subnets = subnetsOf(resources);
    this.nics = interfaces(resources);
  }

  /** The group that a reference certainly points to; undefined when there is none or several are possible. */
  private groupAt(from: Resource, property: string, reference: Known): RuleGroup | undefined {
    const found = followCertain(from, property, at(reference, 'id'), SECURITY_GROUP, this.resources);
    return found.length === 1 ? this.groups.find(({ resource }) => resource === found[0]) : undefined;
  }

  private groupOfSubnet({ resource, groupProperty, groupReference }: Subnet): RuleGroup | undefined {
    return this.groupAt(resource, groupProperty, groupReference);
  }

  private placementsOf(nic: Interface): Placement[] {
    const own = this.groupAt(nic.resource, nic.properties.group, nic.group);
    const configurations: Known[] = Array.isArray(nic.configurations) ? nic.configurations : [UNKNOWN];
    return configurations.flatMap((each): Placement[] => {
      const property = nic.properties.configurations;
      const found = followCertain(nic.resource, property, at(each, 'subnet', 'id'), SUBNET, this.resources);
      const subnets = this.subnets.filter(({ resource }) => found.includes(resource));
      return (subnets.length > 0 ? subnets : [undefined]).map((subnet) => {
        const groups = [subnet && this.groupOfSubnet(subnet), own].filter((group) => group !== undefined);
        return { nic, ...(subnet ? { subnet } : {}), groups: [...new Set(groups)] };
      });
    });
  }

  /** The networks that the subnet may belong to. */
  private networksOf({ resource }: Subnet): Resource[] {
    if (resource.type === VIRTUAL_NETWORK) return [resource];
    const name = resource.props.virtualNetworkName;
    const link = follow(resource, 'virtualNetworkName', name, VIRTUAL_NETWORK, this.resources);
    if (Array.isArray(link)) return link;
    return link === 'outside' ? [] : this.resources.filter(({ type }) => type === VIRTUAL_NETWORK);
  }

  /** True when, as far as the stack shows, the subnet contains only interfaces with a known placement. */
  private isSeen(subnet: Subnet, places: Placement[]): boolean {
    const inside = places.filter((place) => place.subnet === subnet).map(({ nic }) => nic.resource);
    const networks = this.networksOf(subnet);
    return (
      inside.length > 0 && this.resources.every((each) => inside.includes(each) || !mayBeIn(subnet, each, networks))
    );
  }

  /** True when the group may protect something outside the known paths, so it must satisfy the contract alone. */
  private isAlone(group: RuleGroup, places: Placement[]): boolean {
    if (!places.some(({ groups }) => groups.includes(group))) return true;
    const mayBe = (isSure: boolean, from: Resource, property: string, reference: Known): boolean => {
      if (isSure || !isSet(reference)) return false;
      const possible = followCertain(from, property, UNKNOWN, SECURITY_GROUP, this.resources);
      return possible.length === 0 || possible.includes(group.resource!);
    };
    const isOpenTo = (nic: Interface) =>
      mayBe(
        places.some((place) => place.nic === nic && place.groups.includes(group)),
        nic.resource,
        nic.properties.group,
        nic.group,
      );
    const strays = places.some(({ subnet, groups }) => subnet === undefined && groups.length === 0);
    const isSubnetOpen = (subnet: Subnet) =>
      this.groupOfSubnet(subnet) === group
        ? strays || !this.isSeen(subnet, places)
        : mayBe(this.groupOfSubnet(subnet) !== undefined, subnet.resource, subnet.groupProperty, subnet.groupReference);
    return this.subnets.some(isSubnetOpen) || this.nics.some(isOpenTo);
  }

  all(): Path[] {
    const places = this.nics.flatMap((nic) => this.placementsOf(nic));
    const paths = places.filter(({ groups }) => groups.length > 0).map(toPath);
    const alone = this.groups.filter((group) => this.isAlone(group, places));
    const isNew = ({ groups }: Path) => !(groups.length === 1 && alone.includes(groups[0]!));
    return [...alone.map((group) => ({ groups: [group], machine: group.machine })), ...paths.filter(isNew)];
  }
}

function toPath({ subnet, groups }: Placement): Path {
  const addresses = subnet?.addresses ?? ALL_ADDRESSES;
  // A range of the other family can be added later without changing the groups.
  return {
    groups,
    machine: perFamily((family) => (addresses[family].length > 0 ? addresses[family] : ALL_ADDRESSES[family])),
  };
}

/**
 * Every path that must be judged. Groups are judged together only where the program itself links interface, subnet and
 * groups. A group that may protect anything else, such as a subnet that contains something other than interfaces, is judged
 * alone, as if no other group existed.
 */
export function pathsTo(groups: RuleGroup[], resources: Resource[]): Path[] {
  return new PathFinder(groups, resources).all();
}
