// Resources that open a path into a network only with certain properties.
import { at, entriesOf, isSet, type Known, type KnownObject, UNKNOWN } from '../known.ts';
import { PRIVATE_ADDRESSES, parsePrefix } from './reachability/addresses.ts';
import { covers } from './reachability/intervals.ts';

export const NEIGHBOUR = 'connects the network to another one whose security groups this pack cannot see';
const OPEN = 'is or may be reachable from the Internet, and no security group protects it';

const text = (value: Known) => (typeof value === 'string' ? value.toLowerCase() : undefined);

/** One route: its prefix becomes part of the tag VirtualNetwork, which every group allows by default. */
function judgeRoute(route: Known): string | undefined {
  if (text(at(route, 'nextHopType')) === 'none') return undefined;
  const prefix = at(route, 'addressPrefix');
  const range = typeof prefix === 'string' ? parsePrefix(prefix) : undefined;
  const isPrivate =
    range && (['v4', 'v6'] as const).every((family) => covers(PRIVATE_ADDRESSES[family], range[family]));
  return isPrivate
    ? undefined
    : 'has a route for addresses that are public or not known: they become part of VirtualNetwork, which every security group allows';
}

/** A literal address does not identify an interface, so the security groups that protect it are not known. */
function judgePool(pool: Known): string | undefined {
  const addresses = at(pool, 'loadBalancerBackendAddresses');
  return addresses === UNKNOWN || entriesOf(addresses).length > 0
    ? 'forwards packets to addresses instead of interfaces, so no rule can tell which security groups protect them'
    : undefined;
}

function judgeContainers({ ipAddress }: KnownObject): string | undefined {
  return !isSet(ipAddress) || text(at(ipAddress, 'type')) === 'private'
    ? undefined
    : 'has an address that is public or not known, and no security group protects it';
}

const judgeSpring = (props: KnownObject) => ((at(props, 'properties', 'public') ?? false) === false ? undefined : OPEN);

function judgeService(service: Known): string | undefined {
  const spec = at(service, 'spec');
  return spec === UNKNOWN ||
    !['clusterip', 'externalname'].includes(text(at(spec, 'type') ?? 'ClusterIP') ?? '') ||
    isSet(at(spec, 'externalIPs'))
    ? 'is or may be reachable from outside its cluster, and no rule judges from where'
    : undefined;
}

/** Per type, what is wrong with the properties; undefined when nothing is. */
export const CONDITIONS: Record<string, (props: KnownObject) => string | undefined> = {
  'network:AdminRule': ({ access, direction }) =>
    text(direction) === 'outbound' || ['allow', 'deny'].includes(text(access) ?? '')
      ? undefined
      : 'allows packets before any security group is evaluated (access is AlwaysAllow or not known)',
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
      ? 'has or may have a public endpoint, and Azure adds rules for it to the security group of its subnet'
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
