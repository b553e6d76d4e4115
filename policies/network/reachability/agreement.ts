// For tests: random groups of rules, judged by the evaluator and packet by packet by the oracle. The two must agree.
// `npm test` tries some, long-run.ts as many as it is told.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resource, UNKNOWN_TEXT, urnOf } from '../../testing/plan.ts';
import { SECURITY_GROUP, SECURITY_RULE, SUBNET } from '../../types.ts';
import { ingressContract } from '../ingress-contract.ts';
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
import { ADMIN, group, MACHINE, type WrittenRule } from './random-groups.ts';
import { DEFAULT_RULES, parseRule } from './rule.ts';

const CONTRACT = { admins: parsePrefix(ADMIN)!, extraPublicPorts: [] };
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'esp', 'ah'];

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
    const sources = starts(cidrs([...known, ...rules.flatMap((rule) => rule.sources)], isV6), 2 ** 32 - 1);
    const [first, last] = isV6 ? [0, 0] : bounds(MACHINE);
    const targets = starts(cidrs([MACHINE, ...rules.map(({ destination }) => destination)], isV6), 2 ** 32 - 1);
    const destinations = targets.filter((value) => value >= first && value <= last);
    const sourcePorts = portStarts(
      rules.map((rule) => rule.sourcePort),
      [],
    );
    const destinationPorts = portStarts(
      rules.flatMap((rule) => rule.destinationPorts),
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

/** The rule as azure-native has it: single values in the singular fields, several in the plural ones. */
function asWritten({ priority, access, protocol, sources, sourcePort, destination, destinationPorts }: OracleRule) {
  return {
    name: String(priority),
    priority,
    direction: 'Inbound',
    access,
    protocol,
    ...(sources.length === 1 ? { sourceAddressPrefix: sources[0]! } : { sourceAddressPrefixes: sources }),
    sourcePortRange: sourcePort,
    destinationAddressPrefix: destination,
    ...(destinationPorts.length === 1
      ? { destinationPortRange: destinationPorts[0]! }
      : { destinationPortRanges: destinationPorts }),
  };
}

function evaluate(rules: OracleRule[]) {
  const parsed = rules.map((rule) => parseRule(asWritten(rule), 'unnamed'));
  // All of IPv6 is behind the group, as for a subnet without an IPv6 range.
  const machine = { v4: parsePrefix(MACHINE)!.v4, v6: parsePrefix('::/0')!.v6 };
  return findExposures([...parsed.map(({ inbound }) => inbound!), ...DEFAULT_RULES], CONTRACT, machine);
}

/** The policy's own verdict on a stack with these rules, some in the group and some standing alone. */
function isRefused(rules: WrittenRule[]): boolean {
  const inline = rules.filter(({ isStandalone }) => !isStandalone).map(asWritten);
  const groupUrn = urnOf(SECURITY_GROUP, 'nsg');
  const stack = [
    resource(SECURITY_GROUP, 'nsg', { securityRules: inline }),
    resource(
      SUBNET,
      'subnet',
      { addressPrefix: MACHINE, networkSecurityGroup: { id: UNKNOWN_TEXT } },
      { networkSecurityGroup: [groupUrn] },
    ),
    ...rules
      .filter(({ isStandalone }) => isStandalone)
      .map((rule) =>
        resource(SECURITY_RULE, `rule-${rule.priority}`, asWritten(rule), { networkSecurityGroupName: [groupUrn] }),
      ),
  ];
  return ingressContract.checkStack(stack, { adminCidrs: [ADMIN] }).length > 0;
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

function agree(rules: WrittenRule[]): 'exposed' | 'safe' {
  const exposures = evaluate(rules);
  const ordered = rules.toSorted((a, b) => a.priority - b.priority);
  const exposed = isExposed(ordered);
  assert.equal(exposures.length > 0, exposed, 'one says exposed, the other safe');
  assert.equal(isRefused(rules), exposed, 'the policy does not say what the evaluator says');
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
