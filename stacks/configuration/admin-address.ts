// One address that may use SSH: a single public address, never a range.
import ipaddr from 'ipaddr.js';
import { addProblem, quote, text } from './fields.ts';

const HOW = 'give the one public address that you connect from';

/** Addresses reserved for examples (RFC 5737, RFC 3849): the committed stack files hold no real address. */
const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'].map((cidr) =>
  ipaddr.parseCIDR(cidr),
);

/** True for an address that is reserved for examples. @param cidr as {@link adminAddress} takes it. */
export function isExampleAddress(cidr: string): boolean {
  const [address] = ipaddr.parseCIDR(cidr);
  return DOCUMENTATION.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

/** An address in CIDR form, `/32` (IPv4) or `/128` (IPv6), that a packet from the internet can come from. */
export const adminAddress = text.superRefine((value, context) => {
  const problem = judge(value);
  if (problem) addProblem(context, `${quote(value)} ${problem}`);
});

function judge(cidr: string): string | undefined {
  if (!ipaddr.isValidCIDR(cidr)) {
    if (ipaddr.isValid(cidr)) return `has no prefix length: write ${cidr}/${cidr.includes(':') ? 128 : 32}`;
    return `is not an address such as 203.0.113.10/32: ${HOW}`;
  }
  const [address, length] = ipaddr.parseCIDR(cidr);
  const whole = address.kind() === 'ipv4' ? 32 : 128;
  if (length === 0) return `lets the whole internet try SSH: ${HOW}`;
  if (length !== whole) return `is wider than /${whole}: ${HOW}`;
  if (!isExampleAddress(cidr) && address.range() !== 'unicast') {
    return `is a ${address.range()} address, which no packet from the internet has: ${HOW}`;
  }
  return undefined;
}
