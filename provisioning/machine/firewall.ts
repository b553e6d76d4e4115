// Renders the host firewall from the list that the network security group is built from.
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { HostRule, IngressRule } from '../../domain/ingress.ts';
import { USERS } from './users.ts';

const template = readFileSync(new URL('./nftables.tmpl.conf', import.meta.url), 'utf8');

/** Limits for one source on the ports that are open to everyone. A site behind one address is one source. */
export interface SourceLimits {
  /** Connections at a time. All of them may be opened at once, as when the devices of a site reconnect. */
  connections: number;
  /** New connections a second beyond that. Each costs a TLS handshake. */
  connectionsPerSecond: number;
  /** KiB a second, with TLS and TCP around the messages. */
  kibPerSecond: number;
}

/**
 * `npm run bench -- flood` shows that a source at this rate leaves the others served: 64 KiB are 850 of the smallest messages
 * a second, or 200 of 256 bytes, twenty times what the default queue is planned for. Ingest is a source as well: what it
 * sends to acknowledge is 4 to 18 bytes a message.
 */
export const SOURCE_LIMITS: SourceLimits = { connections: 256, connectionsPerSecond: 20, kibPerSecond: 64 };

/** Ports of the servers that the machine's services connect to. Their addresses change, and a firewall knows no names. */
export interface Destinations {
  database: number;
  /** Of the ACME server, beside 443, on which DNS is changed. */
  acme: number;
}

/** Before the first bundle there are no services yet. */
const NO_SERVICES: Destinations = { database: 5432, acme: 443 };

/** The text of /etc/nftables.conf. Everything that is not in the list is dropped, on IPv4 and IPv6. */
export function renderFirewall(
  ingress: readonly IngressRule[],
  limits: SourceLimits = SOURCE_LIMITS,
  destinations: Destinations = NO_SERVICES,
): string {
  const blocks: Record<string, string[]> = {
    ingress: ingress.flatMap(ruleLines),
    limits: limitLines(ingress, limits),
    services: [
      `meta skuid ${setOf(Object.values(USERS).map((user) => ('uid' in user ? user.uid : `"${user.name}"`)))} goto egress`,
    ],
    egress: egressLines(ingress, destinations),
  };
  const lines = (name: string) => (blocks[name] ?? []).map((line) => `    ${line}`).join('\n');
  return template.replace(/^\$\{(\w+)\}$/gm, (_, name: string) => lines(name));
}

function egressLines(ingress: readonly IngressRule[], { database, acme }: Destinations): string[] {
  const { agent, acme: certbot, prober, caller } = USERS;
  const open = ingress.filter(({ sources }) => sources === 'any').map(({ port }) => port);
  return [
    // Wherever the resolver is: systemd's own, or the network's.
    `meta skuid ${setOf([agent.uid, certbot.uid, caller.uid])} meta l4proto { tcp, udp } th dport 53 accept`,
    `meta skuid ${agent.uid} tcp dport ${database} accept`,
    `meta skuid ${certbot.uid} tcp dport ${setOf([...new Set([443, acme])])} accept`,
    // The Function App's, whose addresses change.
    `meta skuid ${caller.uid} tcp dport 443 accept`,
    `meta skuid ${prober.uid} oif "lo" tcp dport ${setOf(open)} accept`,
  ];
}

export const setOf = (members: readonly (number | string)[]) => `{ ${members.join(', ')} }`;

function limitLines(ingress: readonly IngressRule[], limits: SourceLimits): string[] {
  const open = ingress.filter(({ sources }) => sources === 'any').map(({ port }) => port);
  return [
    'iif "lo" accept',
    'meta l4proto != tcp accept',
    `tcp dport != ${setOf(open)} accept`,
    ...sourceLines(limits),
  ];
}

/** The limits of one source, on what the lines before have let through. @param bounded ports whose bytes are bounded, too; default: all. */
export function sourceLines(limits: SourceLimits, bounded?: readonly number[]): string[] {
  const { connections, connectionsPerSecond, kibPerSecond } = limits;
  const families = { 4: 'ip saddr', 6: 'ip6 saddr & ffff:ffff:ffff:ffff::' };
  const those = bounded ? `tcp dport ${setOf(bounded)} ` : '';
  return Object.entries(families).flatMap(([family, source]) => [
    `ct state new add @connections${family} { ${source} ct count over ${connections} } drop`,
    `ct state new update @handshakes${family} { ${source} limit rate over ${connectionsPerSecond}/second burst ${connections} packets } drop`,
    `${those}update @rates${family} { ${source} limit rate over ${kibPerSecond} kbytes/second burst ${kibPerSecond} kbytes } drop`,
  ]);
}

/** The sets that these lines fill. */
export const SOURCE_SETS = template.match(/^ {2}set .*$/gm)!.map((line) => line.trim());

/** What lets one rule's packets in. */
export function ruleLines({ name, protocol, port, sources }: HostRule): string[] {
  const way = `${protocol} dport ${port} accept comment "${name}"`;
  if (sources === 'any') return [way];
  const isV6 = (cidr: string) => isIPv6(cidr.split('/')[0] ?? '');
  return [
    { family: 'ip', cidrs: sources.filter((cidr) => !isV6(cidr)) },
    { family: 'ip6', cidrs: sources.filter(isV6) },
  ]
    .filter(({ cidrs }) => cidrs.length > 0)
    .map(({ family, cidrs }) => `${family} saddr { ${cidrs.join(', ')} } ${way}`);
}
