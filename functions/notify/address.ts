// Where a tenant's webhook may lead: to a host on the internet, and nowhere into the platform's own network. The name is looked up once, every
// address that it has is judged, and the connection goes to the one that was judged.
import { Resolver } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/** What decides beside the address itself. */
export interface AddressRules {
  /** Hosts of the platform's own. */
  ownHosts: readonly string[];
  /** This machine is allowed, on any port. Never where tenants are. */
  allowLoopback: boolean;
  /** The addresses of a name. Default: DNS. */
  resolve?: (host: string) => Promise<string[]>;
}

/** An address to connect to instead of looking the name up again. */
export interface Target {
  url: URL;
  address: string;
  family: 4 | 6;
}

/** The URL leads where no channel may. The message says why, for people of the tenant. */
export class AddressRefused extends Error {
  override name = 'AddressRefused';
}

/** The name has no address now. */
export class NameNotFound extends Error {
  override name = 'NameNotFound';
}

/** Azure's own services answer every machine there, and it is in no reserved range (WireServer). */
const METADATA = ['168.63.129.16'];
/** Names that mean something else inside a network than on the internet. */
const INNER_NAMES =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|localdomain|arpa|onion|test|invalid)$/;
const DNS_MS = 3_000;

/** Checks what can be seen in the URL. @throws AddressRefused. */
export function checkUrl(text: string, { ownHosts, allowLoopback }: AddressRules): URL {
  // Others read these differently than this parser does.
  if (/[\\\s]/.test(text)) throw new AddressRefused('the URL must hold no space and no backslash');
  const url = URL.parse(text);
  if (!url) throw new AddressRefused('the URL cannot be read');
  if (url.protocol !== 'https:') throw new AddressRefused('the URL must begin with https://');
  if (url.username !== '' || url.password !== '')
    throw new AddressRefused('the URL must hold no user name or password');
  const host = url.hostname;
  if (allowLoopback && (host === 'localhost' || host === '127.0.0.1' || host === '[::1]')) return url;
  // The URL parser has turned decimal, octal and hexadecimal numbers into dotted ones.
  if (ipaddr.isValid(host.replace(/^\[|\]$/g, '')))
    throw new AddressRefused('the URL must name a host, not an address');
  if (url.port !== '') throw new AddressRefused('the URL must use port 443');
  if (host.endsWith('.')) throw new AddressRefused("the URL's host must not end with a dot");
  if (!host.includes('.') || INNER_NAMES.test(host)) throw new AddressRefused(`${host} is not a host on the internet`);
  if (ownHosts.includes(host)) throw new AddressRefused(`${host} is the platform's own`);
  return url;
}

/** Looks the URL's host up. @throws AddressRefused when any of its addresses is not allowed; NameNotFound. */
export async function findTarget(url: URL, rules: AddressRules): Promise<Target> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLiteral = ipaddr.isValid(host);
  const isLocal = rules.allowLoopback && host === 'localhost';
  const addresses = isLiteral ? [host] : isLocal ? ['127.0.0.1'] : await (rules.resolve ?? lookUp)(host);
  if (addresses.length === 0) throw new NameNotFound(`${host} has no address`);
  for (const address of addresses) {
    const why = refusalOf(address, rules.allowLoopback);
    if (why) throw new AddressRefused(`${host} has the address ${address}, ${why}`);
  }
  // An app without IPv6 reaches the others too.
  const address = addresses.find((one) => ipaddr.parse(one).kind() === 'ipv4') ?? (addresses[0] as string);
  return { url, address, family: ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6 };
}

/** Why an address is not allowed; undefined if it is. */
function refusalOf(text: string, allowLoopback: boolean): string | undefined {
  if (!ipaddr.isValid(text)) return 'which is not an address';
  const address = ipaddr.parse(text);
  const range = address.range();
  if (allowLoopback && range === 'loopback') return undefined;
  if (METADATA.includes(text)) return 'which is a metadata service';
  // Whatever carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo) has a range of its own, and so is refused.
  if (range !== 'unicast') return `which is not on the internet (${range})`;
  if (address.kind() === 'ipv6' && !address.match(ipaddr.parseCIDR('2000::/3'))) return 'which is not on the internet';
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address));
  return own.includes(text) ? "which is the platform's own" : undefined;
}

/** By DNS alone: the machine's host file is not for tenants. */
async function lookUp(host: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: DNS_MS, tries: 1 });
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
