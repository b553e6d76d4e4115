// The firewall of a host that runs the platform's containers: who may connect, and how much one source may take.
import { readFileSync } from 'node:fs';
import { type HostRule, MQTT_TLS_PORT, WEB_PORTS } from '../../../domain/ingress.ts';
import { ruleLines, SOURCE_LIMITS, SOURCE_SETS, setOf, sourceLines } from '../../machine/firewall.ts';
import { fill } from '../../machine/user-data.ts';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const block = (lines: readonly string[], indent: number) => lines.map((line) => ' '.repeat(indent) + line).join('\n');

/** The table that bounds one source: of any host, whatever firewall it has. */
export function renderSources(): string {
  const published = [MQTT_TLS_PORT, ...Object.values(WEB_PORTS)];
  return fill(read('./sources.tmpl.nft'), {
    sets: block(SOURCE_SETS, 2),
    limits: block(
      // A page of the dashboard is fetched in many requests: nginx bounds those.
      [
        'meta l4proto != tcp accept',
        `tcp dport != ${setOf(published)} accept`,
        ...sourceLines(SOURCE_LIMITS, [MQTT_TLS_PORT]),
      ],
      4,
    ),
  });
}

/** Family and name of that table, as nft's commands take them, and its file in a release. */
export const SOURCES_TABLE = ['inet', 'mqtt_saas_sources'] as const;
export const SOURCES_FILE = 'sources.nft';

/** The text of /etc/nftables.conf for a machine that is the platform's alone. */
export function renderHostFirewall(ingress: readonly HostRule[]): string {
  return fill(read('./nftables.tmpl.conf'), {
    ingress: block(ingress.flatMap(ruleLines), 4),
    sources: renderSources().replace(/^#!.*\n/, ''),
  });
}
