// Renders the host firewall from the same list of ways in as the network security group.
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { IngressRule } from '../../domain/ingress.ts';

const template = readFileSync(new URL('./nftables.tmpl.conf', import.meta.url), 'utf8');

/** The text of /etc/nftables.conf. Everything that is not in the list is dropped, on IPv4 and IPv6. */
export function renderFirewall(ingress: readonly IngressRule[]): string {
  const lines = ingress.flatMap(ruleLines).map((line) => `    ${line}`);
  return template.replace(/^\$\{ingress\}$/m, () => lines.join('\n'));
}

function ruleLines({ name, protocol, port, sources }: IngressRule): string[] {
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
