// What is a way into a network or not, by its properties.
import { at, entriesOf, isSet, type Known, type KnownObject, UNKNOWN } from '../known.ts';
import { PRIVATE_ADDRESSES, parsePrefix } from './reachability/addresses.ts';
import { covers } from './reachability/intervals.ts';

export const NEIGHBOUR = 'connects the network with another one, whose security groups cannot be seen';
const OPEN = 'is reachable from the Internet, or may be, and no security group guards it';

const text = (value: Known) => (typeof value === 'string' ? value.toLowerCase() : undefined);

/** One route: its prefix becomes part of the tag VirtualNetwork, which every group lets in by default. */
function judgeRoute(route: Known): string | undefined {
  if (text(at(route, 'nextHopType')) === 'none') return undefined;
  const prefix = at(route, 'addressPrefix');
  const range = typeof prefix === 'string' ? parsePrefix(prefix) : undefined;
  const isPrivate =
    range && (['v4', 'v6'] as const).every((family) => covers(PRIVATE_ADDRESSES[family], range[family]));
  return isPrivate
    ? undefined
    : 'has a route for addresses that are not surely private: they become part of VirtualNetwork, which every group lets in';
}

/** Addresses written down name no interface, so nobody can tell what guards them. */
function judgePool(pool: Known): string | undefined {
  const addresses = at(pool, 'loadBalancerBackendAddresses');
  return addresses === UNKNOWN || entriesOf(addresses).length > 0
    ? 'passes packets on to addresses instead of interfaces, so that no rule can tell what guards them'
    : undefined;
}

function judgeContainers({ ipAddress }: KnownObject): string | undefined {
  return !isSet(ipAddress) || text(at(ipAddress, 'type')) === 'private'
    ? undefined
    : 'has an address that is not surely private, and no security group guards it';
}

const judgeSpring = (props: KnownObject) => ((at(props, 'properties', 'public') ?? false) === false ? undefined : OPEN);

function judgeService(service: Known): string | undefined {
  const spec = at(service, 'spec');
  return spec === UNKNOWN ||
    !['clusterip', 'externalname'].includes(text(at(spec, 'type') ?? 'ClusterIP') ?? '') ||
    isSet(at(spec, 'externalIPs'))
    ? 'is reachable from outside its cluster, or may be, and no rule judges by whom'
    : undefined;
}

/** By type, what is wrong with the properties; undefined when nothing is. */
export const CONDITIONS: Record<string, (props: KnownObject) => string | undefined> = {
  'network:AdminRule': ({ access, direction }) =>
    text(direction) === 'outbound' || ['allow', 'deny'].includes(text(access) ?? '')
      ? undefined
      : 'lets packets in before any security group is asked (AlwaysAllow, or not known)',
  'network:Route': judgeRoute,
  'network:RouteTable': ({ routes }) => entriesOf(routes).map(judgeRoute).find(isSet),
  'network:VirtualNetwork': ({ virtualNetworkPeerings }) =>
    virtualNetworkPeerings === UNKNOWN || entriesOf(virtualNetworkPeerings).length > 0 ? NEIGHBOUR : undefined,
  'network:LoadBalancer': ({ backendAddressPools }) => entriesOf(backendAddressPools).map(judgePool).find(isSet),
  'network:LoadBalancerBackendAddressPool': judgePool,
  'containerinstance:ContainerGroup': judgeContainers,
  'containerinstance:ContainerGroupProfile': judgeContainers,
  'app:ContainerApp': ({ configuration }) => {
    const ingress = at(configuration, 'ingress');
    return isSet(ingress) && (at(ingress, 'external') ?? false) !== false ? OPEN : undefined;
  },
  'sql:ManagedInstance': ({ publicDataEndpointEnabled }) =>
    (publicDataEndpointEnabled ?? false) !== false
      ? 'has a public endpoint, or may have one, and Azure writes rules for it into the security group of its subnet'
      : undefined,
  'web:AppServiceEnvironment': ({ internalLoadBalancingMode }) =>
    text(internalLoadBalancingMode)?.replaceAll(' ', '') === 'web,publishing' ? undefined : OPEN,
  'appplatform:App': judgeSpring,
  'appplatform:Gateway': judgeSpring,
  'appplatform:ApiPortal': judgeSpring,
  'kubernetes:core/v1:Service': judgeService,
  'kubernetes:core/v1:ServicePatch': judgeService,
  'kubernetes:core/v1:ServiceList': ({ items }) => entriesOf(items).map(judgeService).find(isSet),
};
