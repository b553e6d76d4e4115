// TCP and UDP ports as interval sets, and the protocols a security rule can name.
import { covers, type Interval, type IntervalSet } from './intervals.ts';

/** Protocols that Azure's rules distinguish, in coordinate order. Only the first two have ports. */
export const PROTOCOLS = ['tcp', 'udp', 'icmp', 'esp', 'ah'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const ALL_PORTS: IntervalSet = [{ from: 0n, to: 65535n }];

/** True when the set contains every port. Only such a set certainly matches packets of a protocol without ports. */
export function isEveryPort(ports: IntervalSet): boolean {
  return covers(ports, ALL_PORTS);
}

/** `*`, `22` or `8000-9000` as an interval; undefined when it is none of these or beyond 65535. */
export function parsePortRange(text: string): Interval | undefined {
  if (text.trim() === '*') return ALL_PORTS[0];
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(text);
  if (match === null) return undefined;
  const from = BigInt(match[1]!);
  const to = BigInt(match[2] ?? match[1]!);
  return from <= to && to <= 65535n ? { from, to } : undefined;
}

/** `*` or one protocol name, in any letter case, as coordinates into PROTOCOLS; undefined when Azure has no such value. */
export function parseProtocol(text: string): Interval | undefined {
  if (text.trim() === '*') return { from: 0n, to: BigInt(PROTOCOLS.length - 1) };
  const index = BigInt(PROTOCOLS.indexOf(text.trim().toLowerCase() as Protocol));
  return index >= 0n ? { from: index, to: index } : undefined;
}
