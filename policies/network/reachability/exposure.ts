// Judges a whole group of inbound rules: which forbidden packets does Azure's first match let through, and by which rule?
import { type AddressSet, ALL_ADDRESSES, FAMILIES, type Family, formatAddress } from './addresses.ts';
import { type Box, uncoveredPart } from './boxes.ts';
import { type ForbiddenRegion, forbiddenRegions, type IngressContract } from './contract.ts';
import { Grid } from './grid.ts';
import { ALL_PORTS, PROTOCOLS, type Protocol } from './ports.ts';
import { type Block, blocks, EVERY_PROTOCOL, matched, type Region, restrict } from './region.ts';
import type { SecurityRule } from './rule.ts';

/** One packet that gets through although the contract forbids it. Ports are there for TCP and UDP only. */
export interface Packet {
  from: ForbiddenRegion['from'];
  source: string;
  destination: string;
  protocol: Protocol;
  sourcePort?: number;
  destinationPort?: number;
}

/** A rule that lets a forbidden packet through, with one such packet as the proof. */
export interface Exposure {
  rule: SecurityRule;
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

function describe(part: Box, grid: Grid, family: Family, from: ForbiddenRegion['from']): Packet {
  const protocol = PROTOCOLS[Number(grid.pick(part, 2, []))]!;
  const packet: Packet = {
    from,
    source: formatAddress(family, grid.pick(part, 0, [TELLING_SOURCES[family]])),
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
 * Every Allow rule that is the first to match some forbidden packet, in order of priority, with one such packet. Empty
 * means that the contract holds for every packet there is.
 * @param rules inbound rules with distinct priorities; Azure's default rules included where they shall count.
 * @param machine addresses packets can be sent to. Default: all, which is right when the subnet's range is not known.
 */
export function findExposures(
  rules: readonly SecurityRule[],
  contract: IngressContract,
  machine: AddressSet = ALL_ADDRESSES,
): Exposure[] {
  const ordered = [...rules].sort((a, b) => a.priority - b.priority);
  const exposures = new Map<SecurityRule, Exposure>();
  for (const family of FAMILIES) {
    const anything: Region = [ALL_ADDRESSES[family], machine[family], [EVERY_PROTOCOL], ALL_PORTS, ALL_PORTS];
    const forbidden = forbiddenRegions(contract).map(({ from, source, protocols, destinationPorts }) => {
      const packets: Region = [source[family], machine[family], [protocols], ALL_PORTS, destinationPorts];
      return { from, packets };
    });
    const judged = ordered.map((rule) => {
      const regions = matched(rule, family);
      const suspects =
        rule.access === 'Deny'
          ? []
          : forbidden.flatMap(({ from, packets }) =>
              regions.flatMap((region) => blocks(restrict(region, packets)).map((block) => ({ from, block }))),
            );
      return {
        rule,
        matches: regions.flatMap((region) => blocks(restrict(region, anything))),
        suspects: suspects.sort((a, b) => Number(isTelling(b.block, family)) - Number(isTelling(a.block, family))),
      };
    });
    const grid = new Grid(
      judged.flatMap(({ matches, suspects }) => [...matches, ...suspects.map(({ block }) => block)]),
    );
    const earlier: Box[] = [];
    for (const { rule, matches, suspects } of judged) {
      for (const { from, block } of exposures.has(rule) ? [] : suspects) {
        const part = uncoveredPart(grid.toBox(block), earlier);
        if (part === undefined) continue;
        exposures.set(rule, { rule, packet: describe(part, grid, family, from) });
        break;
      }
      for (const block of matches) earlier.push(grid.toBox(block));
    }
  }
  return [...exposures.values()].sort((a, b) => a.rule.priority - b.rule.priority);
}
