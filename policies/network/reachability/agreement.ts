// For tests: judges random rules of a subnet's group and of an interface's group with the evaluator and, packet by packet,
// with the oracle. The two must agree. `npm test` tries some rule sets, long-run.ts as many as requested.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resource, UNKNOWN_TEXT, urnOf } from '../../testing/plan.ts';
import { NETWORK_INTERFACE, SECURITY_GROUP, SECURITY_RULE, SUBNET } from '../../types.ts';
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

/** Values where a verdict may change: the first value of every range, and the first value after it. */
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

/** One packet of every kind that a rule or the contract distinguishes. */
export function* packets(rules: OracleRule[]): Generator<OraclePacket> {
  const clouds = rules.some(({ sources }) => sources.includes('AzureCloud')) ? [false, true] : [false];
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
              for (const isCloud of clouds)
                yield { isV6, isCloud, source, destination, protocol, sourcePort, destinationPort };
  }
}

/** @param ways the rules of each group that the packet passes, by priority. */
function isExposed(ways: OracleRule[][]): boolean {
  for (const packet of packets(ways.flat())) {
    if (isForbidden(packet, ADMIN) && ways.every((rules) => firstMatch(rules, packet)?.access === 'Allow')) return true;
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

function evaluate(ways: OracleRule[][]) {
  const chain = ways.map((rules) => [
    ...rules.map((rule) => parseRule(asWritten(rule), 'unnamed').inbound!),
    ...DEFAULT_RULES,
  ]);
  // All of IPv6 is behind the group, as for a subnet without an IPv6 range.
  const machine = { v4: parsePrefix(MACHINE)!.v4, v6: parsePrefix('::/0')!.v6 };
  return findExposures(chain, CONTRACT, machine);
}

/** A group with these rules, some inside it and some standing alone. */
function groupOf(name: string, rules: WrittenRule[]) {
  const links = { networkSecurityGroupName: [urnOf(SECURITY_GROUP, name)] };
  const inline = rules.filter(({ isStandalone }) => !isStandalone).map(asWritten);
  const standalone = rules.filter(({ isStandalone }) => isStandalone);
  return [
    resource(SECURITY_GROUP, name, { securityRules: inline }),
    ...standalone.map((rule) => resource(SECURITY_RULE, `${name}-${rule.priority}`, asWritten(rule), links)),
  ];
}

/** The policy's own verdict on a subnet that has the first group, with an interface in it that has the second. */
function isRefused([ofSubnet, ofInterface]: WrittenRule[][]): boolean {
  const id = { id: UNKNOWN_TEXT };
  const subnetLinks = { networkSecurityGroup: [urnOf(SECURITY_GROUP, 'nsg')] };
  const nicLinks = { networkSecurityGroup: [urnOf(SECURITY_GROUP, 'nic-nsg')] };
  const stack = [
    ...groupOf('nsg', ofSubnet!),
    resource(SUBNET, 'subnet', { addressPrefix: MACHINE, networkSecurityGroup: id }, subnetLinks),
    ...(ofInterface === undefined ? [] : groupOf('nic-nsg', ofInterface)),
    resource(
      NETWORK_INTERFACE,
      'nic',
      { ipConfigurations: [{ subnet: id }], ...(ofInterface === undefined ? {} : { networkSecurityGroup: id }) },
      { ipConfigurations: [urnOf(SUBNET, 'subnet')], ...(ofInterface === undefined ? {} : nicLinks) },
    ),
  ];
  return ingressContract.checkStack(stack, { adminCidrs: [ADMIN] }).length > 0;
}

function toOraclePacket({ source, sourceTags, destination, protocol, ...ports }: Packet): OraclePacket {
  const { sourcePort = 0, destinationPort = 0 } = ports;
  const isV6 = source.includes(':');
  return {
    isV6,
    isCloud: sourceTags.length > 0,
    source: leading32(source),
    destination: leading32(destination),
    protocol,
    sourcePort,
    destinationPort,
  };
}

function agree(ways: WrittenRule[][]): 'exposed' | 'safe' {
  const exposures = evaluate(ways);
  const ordered = ways.map((rules) => rules.toSorted((a, b) => a.priority - b.priority));
  const exposed = isExposed(ordered);
  assert.equal(exposures.length > 0, exposed, 'evaluator and oracle disagree');
  assert.equal(isRefused(ways), exposed, 'policy and evaluator disagree');
  for (const { rules, packet } of exposures) {
    const witness = toOraclePacket(packet);
    assert.ok(isForbidden(witness, ADMIN), 'the packet shown is not forbidden');
    const deciding = ordered.map((group) => firstMatch(group, witness)?.priority);
    assert.deepEqual(
      deciding,
      rules.map(({ priority }) => priority),
      'other rules decide the packet shown',
    );
  }
  return exposures.length > 0 ? 'exposed' : 'safe';
}

/**
 * Tries random rule sets for one group or two in a row, and counts the verdicts.
 * @param seed repeats a run. Default: another one each time.
 * @throws Error with the smallest rule sets found on which the two disagree, and the seed.
 */
export function checkAgreement(runs: number, seed?: number): { exposed: number; safe: number } {
  const counts = { exposed: 0, safe: 0 };
  const ways = fc.oneof({ weight: 2, arbitrary: fc.tuple(group) }, { weight: 1, arbitrary: fc.tuple(group, group) });
  const property = fc.property(ways, (each) => {
    counts[agree(each)]++;
  });
  fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  return counts;
}
