// One source cannot take the broker from the others: connections and bytes of each are bounded, on IPv4 and IPv6.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ingressRules } from '../../domain/ingress.ts';
import { renderFirewall, type SourceLimits } from './firewall.ts';

const folder = mkdtempSync(join(tmpdir(), 'sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const own = (name: string) => fileURLToPath(new URL(`./testing/${name}`, import.meta.url));
const apart = ['-rmnpf', '--mount-proc', '--kill-child'];
const canMakeWorlds =
  spawnSync('unshare', [...apart, 'sh', '-c', 'PATH=$PATH:/usr/sbin:/sbin; nft list ruleset && ip link']).status === 0;

interface Taken {
  connections: number;
  bytes: number;
}

/** What a machine takes of a site's six connections and its MiB, by IPv4 and by IPv6. */
function taken(limits: SourceLimits): Taken[] {
  const file = join(folder, 'nftables.conf');
  writeFileSync(file, renderFirewall(ingressRules({ adminCidrs: ['203.0.113.10/32'] }), limits));
  const args = [...apart, 'sh', own('source-world.sh'), file, own('sink.ts'), own('site.ts')];
  const env = { ...process.env, NODE: process.execPath };
  const world = spawnSync('unshare', args, { encoding: 'utf8', env, timeout: 25_000 });
  expect(world.status, world.stderr).toBe(0);
  return world.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .map(([connections = 0, bytes = 0]) => ({ connections, bytes }));
}

const WIDE: SourceLimits = { connections: 100, connectionsPerSecond: 100, kibPerSecond: 100_000 };
const MIB = 1024 ** 2;

describe.runIf(canMakeWorlds)('limits of one source (needs nft, ip and namespaces)', () => {
  it('takes everything of a source within its limits', () => {
    expect(taken(WIDE)).toEqual([1, 2].map(() => ({ connections: 6, bytes: MIB })));
  });

  it('takes no more connections than a source may have', () => {
    expect(taken({ ...WIDE, connections: 3 }).map(({ connections }) => connections)).toEqual([3, 3]);
  });

  it('slows a source down to its rate', () => {
    for (const { connections, bytes } of taken({ ...WIDE, kibPerSecond: 16 })) {
      expect(connections).toBe(6);
      expect(bytes).toBeLessThan(MIB / 4);
    }
  });
});
