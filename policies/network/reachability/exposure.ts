// Judges the groups of inbound rules on a packet's way, of which each must let it through: which forbidden packets pass
// Azure's first match in all of them, and by which rules?
import {
  type AddressSet,
  ALL_ADDRESSES,
  FAMILIES,
  type Family,
  formatAddress,
  PUBLIC_ADDRESSES,
  unionOf,
} from './addresses.ts';
import { type Box, uncoveredPart } from './boxes.ts';
import { type ForbiddenRegion, forbiddenRegions, type IngressContract } from './contract.ts';
import { Grid } from './grid.ts';
import { ALL_PORTS, PROTOCOLS, type Protocol } from './ports.ts';
import { type Block, blocks, EVERY_PROTOCOL, matched, type Region, restrict } from './region.ts';
import type { SecurityRule } from './rule.ts';
import { isPartOf } from './service-tags.ts';

/** One packet that gets through although the contract forbids it. Ports are there for TCP and UDP only. */
export interface Packet {
  from: ForbiddenRegion['from'];
  source: string;
  /** Service tags that the source must be of for the packet to get through; none when any address does. */
  sourceTags: string[];
  destination: string;
  protocol: Protocol;
  sourcePort?: number;
  destinationPort?: number;
}

/** What lets a forbidden packet through: a rule of each group on its way, with one such packet as the proof. */
export interface Exposure {
  rules: SecurityRule[];
  packet: Packet;
}

/** Shown as the packet where the gap holds them, for a reader recognises them; otherwise the lowest value is shown. */
const TELLING_SOURCES: Record<Family, bigint> = { v4: 0xc6336407n, v6: 0x20010db8000000000000000000000007n };
const TELLING_PORTS = [22n, 1883n, 3389n, 443n];
const TELLING_SOURCE_PORTS = [50000n];

/** True when the block holds a source that a reader recognises. */
function isTelling(block: Block, family: Family): boolean {
  return block[0]!.from <= TELLING_SOURCES[family] && TELLING_SOURCES[family] <= block[0]!.to;
}

function describe(part: Box, grid: Grid, family: Family, from: ForbiddenRegion['from'], sourceTags: string[]): Packet {
  const protocol = PROTOCOLS[Number(grid.pick(part, 2, []))]!;
  const packet: Packet = {
    from,
    source: formatAddress(family, grid.pick(part, 0, [TELLING_SOURCES[family]])),
    sourceTags,
    destination: formatAddress(family, grid.pick(part, 1, [])),
    protocol,
  };
  if (protocol !== 'tcp' && protocol !== 'udp') return packet;
  return {
    ...packet,
    sourcePort: Number(grid.pick(part, 3, TELLING_SOURCE_PORTS)),
    destinationPort: Number(grid.pick(part, 4, TELLING_PORTS)),
  };
}

/**
 * Which service tags a packet's source may be of. Nobody knows a tag's addresses, but one address is of a tag or not for
 * every rule alike. A packet gets through by one Allow rule a group, so the tags of those rules are enough to suppose:
 * none, or one of each group.
 */
function suppositions(chain: readonly (readonly SecurityRule[])[]): string[][] {
  return chain.reduce<string[][]>(
    (partial, rules) => {
      const tags = new Set(rules.filter(({ access }) => access === 'Allow').flatMap(({ sourceTags }) => sourceTags));
      return partial.flatMap((some) => [some, ...[...tags].map((tag) => [...some, tag])]);
    },
    [[]],
  );
}

/** The rule as it is for packets whose source is of these tags. */
function suppose(rule: SecurityRule, tags: string[]): SecurityRule {
  if (!rule.sourceTags.some((own) => tags.some((tag) => isPartOf(tag, own)))) return rule;
  const { atMost, atLeast } = rule.source;
  const source = { atMost: unionOf([atMost, PUBLIC_ADDRESSES]), atLeast: unionOf([atLeast, PUBLIC_ADDRESSES]) };
  return { ...rule, source };
}

interface Way {
  /** Index of the deciding rule in each group. */
  indexes: number[];
  from: ForbiddenRegion['from'];
  region: Region;
}

/** Every choice of one Allow rule a group, with the forbidden packets that all of them match. */
function ways(chain: SecurityRule[][], family: Family, forbidden: Way[]): Way[] {
  return chain.reduce<Way[]>((partial, rules) => {
    const matches = rules.map((rule) => (rule.access === 'Allow' ? matched(rule, family) : []));
    return partial.flatMap(({ indexes, from, region }) =>
      matches.flatMap((regions, index) =>
        regions
          .map((each) => restrict(each, region))
          .filter((each) => each.every((set) => set.length > 0))
          .map((each) => ({ indexes: [...indexes, index], from, region: each })),
      ),
    );
  }, forbidden);
}

/**
 * What lets forbidden packets through, one exposure for each rule of the first group, in order of priority. Empty means
 * that the contract holds for every packet there is.
 * @param chain the groups on the way, each with inbound rules of distinct priorities; Azure's default rules included
 * where they shall count.
 * @param machine addresses packets can be sent to. Default: all, which is right when the subnet's range is not known.
 */
export function findExposures(
  chain: readonly (readonly SecurityRule[])[],
  contract: IngressContract,
  machine: AddressSet = ALL_ADDRESSES,
): Exposure[] {
  const ordered = chain.map((rules) => [...rules].sort((a, b) => a.priority - b.priority));
  const exposures = new Map<number, Exposure>();
  for (const tags of suppositions(chain))
    for (const family of FAMILIES) {
      const supposed = ordered.map((rules) => rules.map((rule) => suppose(rule, tags)));
      const anything: Region = [ALL_ADDRESSES[family], machine[family], [EVERY_PROTOCOL], ALL_PORTS, ALL_PORTS];
      const forbidden = forbiddenRegions(contract).map(({ from, source, protocols, destinationPorts }): Way => {
        const region: Region = [source[family], machine[family], [protocols], ALL_PORTS, destinationPorts];
        return { indexes: [], from, region };
      });
      const suspects = ways(supposed, family, forbidden)
        .flatMap(({ indexes, from, region }) => blocks(region).map((block) => ({ indexes, from, block })))
        .sort((a, b) => Number(isTelling(b.block, family)) - Number(isTelling(a.block, family)));
      const matches = supposed.map((rules) =>
        rules.map((rule) => matched(rule, family).flatMap((region) => blocks(restrict(region, anything)))),
      );
      const grid = new Grid([...matches.flat(2), ...suspects.map(({ block }) => block)]);
      const boxes = matches.map((rules) => rules.map((own) => own.map((block) => grid.toBox(block))));
      for (const { indexes, from, block } of suspects) {
        if (exposures.has(indexes[0]!)) continue;
        const earlier = indexes.flatMap((index, group) => boxes[group]!.slice(0, index).flat());
        const part = uncoveredPart(grid.toBox(block), earlier);
        if (part === undefined) continue;
        const rules = indexes.map((index, group) => ordered[group]![index]!);
        exposures.set(indexes[0]!, { rules, packet: describe(part, grid, family, from, tags) });
      }
    }
  return [...exposures].sort(([a], [b]) => a - b).map(([, exposure]) => exposure);
}
