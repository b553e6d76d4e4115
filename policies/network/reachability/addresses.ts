// Addresses as interval sets, separately for IPv4 and IPv6, and which of them are public.
import ipaddr from 'ipaddr.js';
import { type IntervalSet, subtract, union } from './intervals.ts';

/** Addresses of both families. */
export interface AddressSet {
  v4: IntervalSet;
  v6: IntervalSet;
}

/** The families an address set holds. */
export const FAMILIES = ['v4', 'v6'] as const;
export type Family = (typeof FAMILIES)[number];

const BITS = { v4: 32n, v6: 128n } as const;

export const ALL_ADDRESSES: AddressSet = {
  v4: [{ from: 0n, to: (1n << BITS.v4) - 1n }],
  v6: [{ from: 0n, to: (1n << BITS.v6) - 1n }],
};

export const NO_ADDRESSES: AddressSet = { v4: [], v6: [] };

/** Applies set algebra to each family. */
export function perFamily(combine: (family: Family) => IntervalSet): AddressSet {
  return { v4: combine('v4'), v6: combine('v6') };
}

/** The addresses of all the given sets. */
export function unionOf(sets: AddressSet[]): AddressSet {
  return perFamily((family) => union(sets.flatMap((set) => set[family])));
}

function toInteger(bytes: number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/**
 * An address or CIDR prefix as a set, or undefined when `text` is neither. Host bits are ignored as Azure ignores them:
 * 203.0.113.99/24 is the whole /24. Short, octal and hexadecimal IPv4 forms and zone ids are refused, because how Azure
 * reads them is not documented.
 */
export function parsePrefix(text: string): AddressSet | undefined {
  const [address, length, ...rest] = text.trim().split('/') as [string, ...string[]];
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)) || address.includes('%')) return undefined;
  const family = ipaddr.IPv4.isValidFourPartDecimal(address) ? 'v4' : ipaddr.IPv6.isValid(address) ? 'v6' : undefined;
  if (family === undefined || (family === 'v6' && !address.includes(':'))) return undefined;
  const bits = BITS[family];
  const prefix = length === undefined ? bits : BigInt(length);
  if (prefix > bits) return undefined;
  const hostBits = bits - prefix;
  const from = (toInteger(ipaddr.parse(address).toByteArray()) >> hostBits) << hostBits;
  return { ...NO_ADDRESSES, [family]: [{ from, to: from + (1n << hostBits) - 1n }] };
}

/** Parses prefixes that are known to be well-formed. */
function prefixes(...texts: string[]): AddressSet {
  return unionOf(texts.map((text) => parsePrefix(text)!));
}

/** Azure's virtual host address, where health probes come from: the meaning of the tag AzureLoadBalancer. */
export const AZURE_HOST: AddressSet = prefixes('168.63.129.16/32');

/**
 * Addresses that no packet from outside the virtual network carries: RFC 1918, carrier-grade NAT (RFC 6598), link-local
 * (RFC 3927, RFC 4291), unique local IPv6 (RFC 4193) and Azure's virtual host. Documentation ranges are not
 * included: they are the public addresses in examples and tests.
 */
export const PRIVATE_ADDRESSES: AddressSet = unionOf([
  prefixes('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'),
  prefixes('fc00::/7', 'fe80::/10'),
  AZURE_HOST,
]);

/** Every address that is not private. */
export const PUBLIC_ADDRESSES: AddressSet = perFamily((family) =>
  subtract(ALL_ADDRESSES[family], PRIVATE_ADDRESSES[family]),
);

/** The usual written form of one address. */
export function formatAddress(family: Family, value: bigint): string {
  const length = Number(BITS[family] / 8n);
  const bytes = Array.from({ length }, (_, index) => Number((value >> (8n * BigInt(length - 1 - index))) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString();
}
