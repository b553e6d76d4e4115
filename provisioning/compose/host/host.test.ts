// The host's firewall and user data: what they are, that a kernel takes them, and that a source is bounded before Docker's NAT.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hostIngress } from '../../../domain/ingress.ts';
import { SOURCE_LIMITS } from '../../machine/firewall.ts';
import { renderHostFirewall, renderSources } from './firewall.ts';
import { type HostArgs, renderHost } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'host-'));
afterAll(() => rmSync(folder, { recursive: true }));

const args: HostArgs = {
  hostName: 'platform.example.com',
  adminUser: 'platform',
  sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F example',
  sshPort: 2222,
  adminCidrs: ['198.51.100.10/32', '2001:db8::7/128'],
};
const text = renderHost(args);

it('the user data is this, in full', async () => {
  await expect(text).toMatchFileSnapshot('./snapshots/host.yaml');
});

it('has no password, the key, the agent, and its own port wherever sshd is meant', () => {
  const data = parse(text) as { users: Record<string, unknown>[]; packages: string[]; write_files: { path: string }[] };
  expect(data.users).toEqual([
    {
      name: 'platform',
      groups: ['sudo'],
      shell: '/bin/bash',
      lock_passwd: true,
      sudo: 'ALL=(ALL) NOPASSWD:ALL',
      ssh_authorized_keys: [args.sshPublicKey],
    },
  ]);
  expect(text).toContain('\nssh_pwauth: false\n');
  expect(data.packages).toContain('qemu-guest-agent');
  expect(text).not.toMatch(/\$\{\w+\}/);
  expect(renderHost({ ...args, sshPort: 2299 }).match(/2299/g)).toHaveLength(4);
});

it.each([
  ['hostName', { hostName: 'x\nruncmd: [rm]' }],
  ['adminUser', { adminUser: 'root\n' }],
  ['sshPublicKey', { sshPublicKey: 'ssh-ed25519 AAAA"' }],
])('refuses a %s that would end its word', (what, change) => {
  expect(() => renderHost({ ...args, ...change })).toThrow(`${what} is "`);
});

const apart = ['-rmnpf', '--mount-proc', '--kill-child'];
const inWorld = (...words: string[]) =>
  spawnSync('unshare', [...apart, ...words], {
    encoding: 'utf8',
    timeout: 25_000,
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
const canMakeWorlds = inWorld('sh', '-c', 'nft list ruleset && ip link').status === 0;

describe.runIf(canMakeWorlds)('loaded into a kernel (needs nft, ip and namespaces)', () => {
  it('the whole firewall loads twice, and leaves other tables alone', () => {
    const file = join(folder, 'nftables.conf');
    writeFileSync(file, renderHostFirewall(hostIngress(args)));
    const script = 'nft add table inet docker && nft -f "$0" && nft -f "$0" && nft list tables';
    const { stdout, stderr } = inWorld('sh', '-c', script, file);
    expect(stdout, stderr).toBe('table inet docker\ntable inet mqtt_saas\ntable inet mqtt_saas_sources\n');
  });

  it('a source has no more connections to a published port than its limit; containers have no limit', () => {
    const file = join(folder, 'sources.nft');
    writeFileSync(file, renderSources());
    const world = fileURLToPath(new URL('./testing/published-world.sh', import.meta.url));
    const most = SOURCE_LIMITS.connections;
    const open = (firewall: string) => {
      const { stdout, stderr, status } = inWorld('sh', world, firewall, String(most + 44));
      expect(status, stderr).toBe(0);
      return stdout.trim().split('\n').map(Number);
    };
    expect(open('none')).toEqual([most + 44, most + 44]);
    expect(open(file)).toEqual([most, most + 44]);
  });
});
