// The bounds of one source, in the host's nftables: Docker leads packets past the host's own firewall.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SOURCES_FILE, SOURCES_TABLE } from '../../provisioning/compose/host/firewall.ts';
import type { ComposeTarget } from '../target/target.ts';

const nft = (...args: string[]) =>
  spawnSync('nft', args, { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });

/** Puts the bounds of the release in force into force. They end with the host's next boot. @returns what became of it, for people. */
export function loadSources({ project }: ComposeTarget): string {
  const file = join(project.folder, 'current', SOURCES_FILE);
  const { error, status, stderr } = nft('-f', file);
  if (status === 0)
    return `each source has its limits; for the next boot, put into /etc/nftables.conf: include "${file}"`;
  const why = error ? 'nft was not found: install nftables, then run this again' : stderr.trim();
  return `WARNING: nothing bounds what one source takes: ${why}`;
}

/** Whether they are in force. */
export const hasSources = (): boolean => nft('list', 'table', ...SOURCES_TABLE).status === 0;
