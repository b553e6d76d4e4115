// For tests only: Azure's first match, packet by packet. Shares no code and no method with the evaluator, which works on
// whole sets. Addresses are their first 32 bits, so IPv6 prefixes may be at most 32 bits long.

/** A rule with lists of prefixes and tags per side, and of destination port ranges. */
export interface OracleRule {
  priority: number;
  access: 'Allow' | 'Deny';
  protocol: string;
  sources: string[];
  sourcePort: string;
  destination: string;
  destinationPorts: string[];
}

export interface OraclePacket {
  isV6: boolean;
  /** True when the source is one of the tag AzureCloud's addresses, which are not known: both must be tried. */
  isCloud: boolean;
  source: number;
  destination: number;
  protocol: string;
  sourcePort: number;
  destinationPort: number;
}

/** The first 32 bits of an address as a number. */
export function leading32(address: string): number {
  if (!address.includes(':')) return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
  const [high = '0', low = '0'] = address.startsWith('::') ? [] : address.split(':');
  return Number.parseInt(high || '0', 16) * 65536 + Number.parseInt(low || '0', 16);
}

/** Cache: the oracle parses the same few texts for every packet. */
function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (known.size > 10_000) known.clear();
    if (!known.has(text)) known.set(text, read(text));
    return known.get(text)!;
  };
}

/** First and last 32-bit value of a CIDR prefix. */
export const bounds = remembered((cidr): [number, number] => {
  const [address, length] = cidr.split('/') as [string, string];
  const size = 2 ** Math.max(0, 32 - Number(length));
  const first = Math.floor(leading32(address) / size) * size;
  return [first, first + size - 1];
});

/** First and last port of a range, or of a single one. */
const portBounds = remembered((range): [number, number] => {
  const [first, last = first] = range.split('-').map(Number) as [number, number?];
  return [first, last!];
});

export const PRIVATE_V4 = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '168.63.129.16/32',
];
export const PRIVATE_V6 = ['fc00::/7', 'fe80::/10'];

function isIn(value: number, isV6: boolean, cidr: string): boolean {
  const [first, last] = bounds(cidr);
  return cidr.includes(':') === isV6 && value >= first && value <= last;
}

function isPublic(value: number, isV6: boolean): boolean {
  return !(isV6 ? PRIVATE_V6 : PRIVATE_V4).some((cidr) => isIn(value, isV6, cidr));
}

function sourceMatches(source: string, { access }: OracleRule, packet: OraclePacket): boolean {
  if (source === '*') return true;
  if (source === 'Internet') return isPublic(packet.source, packet.isV6);
  if (source === 'AzureCloud') return packet.isCloud && isPublic(packet.source, packet.isV6);
  // Its addresses are not known: an Allow may match any of them, a Deny may match none.
  if (source === 'VirtualNetwork') return access === 'Allow' && !isPublic(packet.source, packet.isV6);
  return isIn(packet.source, packet.isV6, source);
}

function portMatches(range: string, port: number): boolean {
  if (range === '*') return true;
  const [first, last] = portBounds(range);
  return port >= first && port <= last;
}

/** True when the ranges cover every port, tested at and around every bound. */
function isEveryPort(ranges: string[]): boolean {
  if (ranges.includes('*')) return true;
  const edges = ranges.map(portBounds).flatMap(([first, last]) => [first - 1, last + 1]);
  const tried = [0, 65535, ...edges].filter((port) => port >= 0 && port <= 65535);
  return tried.every((port) => ranges.some((range) => portMatches(range, port)));
}

function matches(rule: OracleRule, packet: OraclePacket): boolean {
  if (rule.protocol !== '*' && rule.protocol.toLowerCase() !== packet.protocol) return false;
  if (!rule.sources.some((source) => sourceMatches(source, rule, packet))) return false;
  if (!['*', 'VirtualNetwork'].includes(rule.destination) && !isIn(packet.destination, packet.isV6, rule.destination))
    return false;
  if (packet.protocol !== 'tcp' && packet.protocol !== 'udp')
    return rule.access === 'Allow' || (isEveryPort([rule.sourcePort]) && isEveryPort(rule.destinationPorts));
  return (
    portMatches(rule.sourcePort, packet.sourcePort) &&
    rule.destinationPorts.some((range) => portMatches(range, packet.destinationPort))
  );
}

/**
 * The written rule that decides the packet; undefined when only Azure's default rules are left.
 * @param ordered by priority.
 */
export function firstMatch(ordered: OracleRule[], packet: OraclePacket): OracleRule | undefined {
  return ordered.find((rule) => matches(rule, packet));
}

/** True when the contract forbids the packet. */
export function isForbidden({ source, isV6, protocol, destinationPort }: OraclePacket, admin: string): boolean {
  if (protocol === 'tcp' && destinationPort === 8883) return false;
  if (isIn(source, isV6, admin)) return !(protocol === 'tcp' && destinationPort === 22);
  return isPublic(source, isV6);
}
