// Packets as products of interval sets: what a rule matches, and how such sets intersect.
import type { Family } from './addresses.ts';
import { type Interval, type IntervalSet, intersect } from './intervals.ts';
import { ALL_PORTS, isEveryPort, PROTOCOLS } from './ports.ts';
import type { SecurityRule } from './rule.ts';

/** A set of packets of one family: the product of these five sets. */
export type Region = readonly [
  source: IntervalSet,
  destination: IntervalSet,
  protocols: IntervalSet,
  sourcePorts: IntervalSet,
  destinationPorts: IntervalSet,
];
/** One interval per dimension. */
export type Block = readonly Interval[];

export const EVERY_PROTOCOL: Interval = { from: 0n, to: BigInt(PROTOCOLS.length - 1) };
const WITH_PORTS: IntervalSet = [{ from: 0n, to: 1n }];
const WITHOUT_PORTS: IntervalSet = [{ from: 2n, to: BigInt(PROTOCOLS.length - 1) }];

/**
 * The packets a rule matches. Whether a rule with a port range matches a protocol without ports is not documented, so an
 * Allow rule is taken to match it and a Deny rule not to.
 */
export function matched(rule: SecurityRule, family: Family): Region[] {
  const bound = rule.access === 'Allow' ? 'atMost' : 'atLeast';
  const source = rule.source[bound][family];
  const destination = rule.destination[bound][family];
  const protocols = [rule.protocols];
  const everyPort = isEveryPort(rule.sourcePorts) && isEveryPort(rule.destinationPorts);
  if (everyPort) return [[source, destination, protocols, ALL_PORTS, ALL_PORTS]];
  const regions: Region[] = [
    [source, destination, intersect(protocols, WITH_PORTS), rule.sourcePorts, rule.destinationPorts],
  ];
  if (rule.access === 'Allow') {
    regions.push([source, destination, intersect(protocols, WITHOUT_PORTS), ALL_PORTS, ALL_PORTS]);
  }
  return regions;
}

/** The packets in both regions. */
export function restrict(region: Region, to: Region): Region {
  return region.map((set, dimension) => intersect(set, to[dimension]!)) as unknown as Region;
}

/** Every combination of one interval per dimension. */
export function blocks(region: Region): Block[] {
  return region.reduce<Block[]>(
    (partial, set) => partial.flatMap((block) => set.map((interval) => [...block, interval])),
    [[]],
  );
}
