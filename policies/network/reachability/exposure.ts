// Judges the groups of inbound rules that a packet must pass in turn: which forbidden packets does the first matching rule
// of every group allow, and which rules are these?
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

/** A packet that is allowed although the contract forbids it. Ports are set for TCP and UDP only. */
export interface Packet {
  from: ForbiddenRegion['from'];
  source: string;
  /** Service tags that the source must have for the packet to be allowed; empty when any address will do. */
  sourceTags: string[];
  destination: string;
  protocol: Protocol;
  sourcePort?: number;
  destinationPort?: number;
}

/** Rules that allow a forbidden packet, one per group that it passes, with one such packet as proof. */
export interface Exposure {
  rules: SecurityRule[];
  packet: Packet;
}

/** Recognisable values, shown if the gap contains them; otherwise the lowest value is shown. */
const TELLING_SOURCES: Record<Family, bigint> = { v4: 0xc6336407n, v6: 0x20010db8000000000000000000000007n };
const TELLING_PORTS = [22n, 1883n, 3389n, 443n];
const TELLING_SOURCE_PORTS = [50000n];

/** True when the block contains a recognisable source. */
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
 * Which service tags a packet's source may have. The addresses of a tag are not known, but an address has a tag, or does not,
 * for all rules alike. One Allow rule per group lets a packet through, so it is enough to assume no tag, or one tag of the
 * Allow rules of each group.
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

/** The rule as it applies to packets whose source has these tags. */
function suppose(rule: SecurityRule, tags: string[]): SecurityRule {
  if (!rule.sourceTags.some((own) => tags.some((tag) => isPartOf(tag, own)))) return rule;
  const { atMost, atLeast } = rule.source;
  const source = { atMost: unionOf([atMost, PUBLIC_ADDRESSES]), atLeast: unionOf([atLeast, PUBLIC_ADDRESSES]) };
  return { ...rule, source };
}

interface Candidate {
  /** Index of the deciding rule in each group. */
  indexes: number[];
  from: ForbiddenRegion['from'];
  region: Region;
}

/** Every choice of one Allow rule per group, with the forbidden packets that all of them match. */
function candidates(chain: SecurityRule[][], family: Family, forbidden: Candidate[]): Candidate[] {
  return chain.reduce<Candidate[]>((partial, rules) => {
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
 * The rules that allow forbidden packets, one exposure for each rule of the first group, in order of priority. Empty means
 * that the contract holds for every possible packet.
 * @param chain the groups that the packet passes, each with inbound rules of distinct priorities; include Azure's default
 * rules if they should apply.
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
      const forbidden = forbiddenRegions(contract).map(({ from, source, protocols, destinationPorts }): Candidate => {
        const region: Region = [source[family], machine[family], [protocols], ALL_PORTS, destinationPorts];
        return { indexes: [], from, region };
      });
      const suspects = candidates(supposed, family, forbidden)
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
