// For tests: random groups of rules, judged by the evaluator and packet by packet by the oracle. The two must agree.
//
// `npm test` tries some; `node policies/network/reachability/agreement.ts RUNS [SEED]` tries as many as it is told.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePrefix } from './addresses.ts';
import { findExposures, type Packet } from './exposure.ts';
import {
  bounds,
  firstMatch,
  isForbidden,
  leading32,
  type OraclePacket,
  type OracleRule,
  PRIVATE_V4,
  PRIVATE_V6,
} from './oracle.ts';
import { DEFAULT_RULES, parseRule } from './rule.ts';

const ADMIN = '203.0.113.10/32';
const MACHINE = '10.10.1.0/24';
const CONTRACT = { admins: parsePrefix(ADMIN)!, extraPublicPorts: [] };
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'esp', 'ah'];

const octet = fc.integer({ min: 0, max: 255 });
const v4Prefix = fc
  .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 32 }))
  .map(([a, b, c, d, length]) => `${a}.${b}.${c}.${d}/${length}`);
const nearAdmin = fc.tuple(octet, fc.integer({ min: 24, max: 32 })).map(([d, length]) => `203.0.113.${d}/${length}`);
const port = fc.oneof(
  fc.constantFrom(0, 21, 22, 23, 1883, 8882, 8883, 8884, 65535),
  fc.integer({ min: 0, max: 65535 }),
);
const portRange = fc.oneof(
  fc.constantFrom('*', '22', '8883', '0-65535', '0-8882', '8884-65535'),
  fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
);
const oracleRule = fc.record({
  access: fc.constantFrom<'Allow' | 'Deny'>('Allow', 'Deny'),
  protocol: fc.constantFrom('*', '*', 'Tcp', 'TCP', 'Udp', 'icmp', 'Esp', 'Ah'),
  source: fc.oneof(
    fc.constantFrom('*', 'Internet', 'VirtualNetwork', 'AzureCloud'),
    fc.constantFrom(ADMIN, '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/7'),
    fc.constantFrom('::/0', '::/1', '8000::/1', '2000::/3', 'fd00::/8', '2001:db8::/32'),
    v4Prefix,
    nearAdmin,
  ),
  sourcePort: fc.constantFrom('*', '*', '*', '0-1023', '1024-65535'),
  destination: fc.constantFrom(
    '*',
    '*',
    'VirtualNetwork',
    MACHINE,
    '10.10.1.0/25',
    '10.10.1.128/25',
    '10.99.0.0/24',
    '::/0',
  ),
  destinationPort: portRange,
});
/** A rule that closes all ports to its source, as most groups have one: it decides much, so what it stands for matters. */
const closing = oracleRule.map((rule): OracleRule => {
  return {
    ...rule,
    priority: 0,
    access: 'Deny',
    protocol: '*',
    sourcePort: '*',
    destination: '*',
    destinationPort: '*',
  };
});
const group = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: oracleRule }, { weight: 1, arbitrary: closing }), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.shuffledSubarray([100, 110, 200, 300, 4096], { minLength: 5 }),
  )
  .map(([rules, priorities]): OracleRule[] => rules.map((rule, index) => ({ ...rule, priority: priorities[index]! })));

/** Where something may change: the first value of every range, and the first value after it. */
function starts(ranges: [number, number][], last: number): number[] {
  return [...new Set([0, ...ranges.flatMap(([from, to]) => [from, to + 1])])].filter((value) => value <= last);
}

function portStarts(ranges: string[], extra: number[]): number[] {
  const pairs = ranges
    .filter((range) => range !== '*')
    .map((range): [number, number] => {
      const [from, to = from] = range.split('-').map(Number) as [number, number?];
      return [from, to!];
    });
  return starts([...pairs, ...extra.map((value): [number, number] => [value, value])], 65535);
}

/** One packet of every kind that any rule or the contract can tell apart. */
function* packets(rules: OracleRule[]): Generator<OraclePacket> {
  const cidrs = (texts: string[], isV6: boolean) =>
    texts.filter((text) => text.includes('/') && text.includes(':') === isV6).map(bounds);
  for (const isV6 of [false, true]) {
    const known = isV6 ? PRIVATE_V6 : [...PRIVATE_V4, ADMIN];
    const sources = starts(cidrs([...known, ...rules.map(({ source }) => source)], isV6), 2 ** 32 - 1);
    const [first, last] = isV6 ? [0, 0] : bounds(MACHINE);
    const targets = starts(cidrs([MACHINE, ...rules.map(({ destination }) => destination)], isV6), 2 ** 32 - 1);
    const destinations = targets.filter((value) => value >= first && value <= last);
    const sourcePorts = portStarts(
      rules.map((rule) => rule.sourcePort),
      [],
    );
    const destinationPorts = portStarts(
      rules.map((rule) => rule.destinationPort),
      [22, 8883],
    );
    for (const source of sources)
      for (const destination of destinations)
        for (const protocol of PROTOCOLS)
          for (const sourcePort of sourcePorts)
            for (const destinationPort of destinationPorts)
              yield { isV6, source, destination, protocol, sourcePort, destinationPort };
  }
}

function isExposed(ordered: OracleRule[]): boolean {
  for (const packet of packets(ordered)) {
    if (isForbidden(packet, ADMIN) && firstMatch(ordered, packet)?.access === 'Allow') return true;
  }
  return false;
}

function evaluate(rules: OracleRule[]) {
  const parsed = rules.map((rule) =>
    parseRule(
      {
        name: String(rule.priority),
        priority: rule.priority,
        direction: 'Inbound',
        access: rule.access,
        protocol: rule.protocol,
        sourceAddressPrefix: rule.source,
        sourcePortRange: rule.sourcePort,
        destinationAddressPrefix: rule.destination,
        destinationPortRange: rule.destinationPort,
      },
      'unnamed',
    ),
  );
  // All of IPv6 is behind the group, as for a subnet without an IPv6 range.
  const machine = { v4: parsePrefix(MACHINE)!.v4, v6: parsePrefix('::/0')!.v6 };
  return findExposures([...parsed.map(({ inbound }) => inbound!), ...DEFAULT_RULES], CONTRACT, machine);
}

function toOraclePacket({ source, destination, protocol, sourcePort = 0, destinationPort = 0 }: Packet): OraclePacket {
  const isV6 = source.includes(':');
  return {
    isV6,
    source: leading32(source),
    destination: leading32(destination),
    protocol,
    sourcePort,
    destinationPort,
  };
}

function agree(rules: OracleRule[]): 'exposed' | 'safe' {
  const exposures = evaluate(rules);
  const ordered = rules.toSorted((a, b) => a.priority - b.priority);
  assert.equal(exposures.length > 0, isExposed(ordered), 'one says exposed, the other safe');
  for (const { rule, packet } of exposures) {
    const witness = toOraclePacket(packet);
    assert.ok(isForbidden(witness, ADMIN), 'the packet shown is not forbidden');
    assert.equal(firstMatch(ordered, witness)?.priority, rule.priority, 'another rule decides the packet shown');
  }
  return exposures.length > 0 ? 'exposed' : 'safe';
}

/**
 * Tries random rule sets and counts the verdicts.
 * @param seed repeats a run. Default: another one each time.
 * @throws Error with the smallest rule set found on which the two disagree, and the seed.
 */
export function checkAgreement(runs: number, seed?: number): { exposed: number; safe: number } {
  const counts = { exposed: 0, safe: 0 };
  const property = fc.property(group, (rules) => {
    counts[agree(rules)]++;
  });
  fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  return counts;
}

if (import.meta.main) {
  const [runs = '100000', seed] = process.argv.slice(2);
  const started = performance.now();
  const { exposed, safe } = checkAgreement(Number(runs), seed === undefined ? undefined : Number(seed));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${exposed + safe} rule sets, ${exposed} exposed and ${safe} safe, no disagreement, ${seconds} s`);
}
