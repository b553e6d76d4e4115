import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ingressRules } from '../../domain/ingress.ts';
import { renderFirewall } from './firewall.ts';

const folder = mkdtempSync(join(tmpdir(), 'firewall-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = renderFirewall(ingressRules({ adminCidrs: ['203.0.113.10/32', '2001:db8::7/128'], webSocket: true }));
const file = join(folder, 'nftables.conf');
writeFileSync(file, text);

/** Network, mount and process namespaces of its own; nothing of it outlives the command. */
const apart = ['-rmnpf', '--mount-proc', '--kill-child'];
const shell = (script: string, ...args: string[]) =>
  spawnSync('unshare', [...apart, 'sh', '-c', `PATH=$PATH:/usr/sbin:/sbin; ${script}`, 'sh', ...args], {
    encoding: 'utf8',
  });
const own = (name: string) => fileURLToPath(new URL(`./testing/${name}`, import.meta.url));

/** The ports each party can open, with this firewall or none. */
function reach(firewall: string): Record<string, string[]> {
  const world = spawnSync(
    'unshare',
    [...apart, 'sh', own('firewall-world.sh'), firewall, own('listener.ts'), own('probe.ts')],
    { encoding: 'utf8', env: { ...process.env, NODE: process.execPath }, timeout: 25_000 },
  );
  expect(world.status, world.stderr).toBe(0);
  const open: Record<string, string[]> = { machine: [], admin: [], other: [] };
  for (const line of world.stdout.trim().split('\n').sort()) {
    const [who = '', port = '', state] = line.split(' ');
    if (state === 'open') open[who]?.push(port);
  }
  return open;
}

const ALL = ['1883', '22', '443', '8883', '9001'];
const canMakeWorlds = shell('nft list ruleset && ip link').status === 0;

describe('the host firewall', () => {
  it('names every opening once, and its sources by family', () => {
    expect(text).toContain('ip saddr { 203.0.113.10/32 } tcp dport 22 accept comment "allow-ssh-admin"');
    expect(text).toContain('ip6 saddr { 2001:db8::7/128 } tcp dport 22 accept comment "allow-ssh-admin"');
    expect(text.match(/tcp dport \d+ accept comment/g)).toHaveLength(4);
    expect(text).not.toContain('1883');
    expect(text).not.toMatch(/443 accept comment/);
  });

  describe.runIf(canMakeWorlds)('loaded into a kernel (needs nft, ip and namespaces)', () => {
    it('lets the admin in by SSH, devices in by TLS and WebSocket, and nothing else', () => {
      expect(reach(file)).toEqual({ machine: ALL, admin: ['22', '8883', '9001'], other: ['8883', '9001'] });
    });

    it('is what keeps them out: without it everything is open', () => {
      expect(reach('none')).toEqual({ machine: ALL, admin: ALL, other: ALL });
    });

    it.runIf(process.getuid?.() === 0)('lets only root reach the metadata service (needs root)', () => {
      const script = `
        mount -t tmpfs none /run; mkfifo /run/ready; ip link set lo up; ip addr add 169.254.169.254/32 dev lo; nft -f "$4"
        "$1" "$2" 80 >/run/ready & read -r _ </run/ready
        for user in 0 65534; do setpriv --reuid=$user --clear-groups "$1" "$3" $user 169.254.169.254 80; done`;
      // No user namespace here: the second user must be a real one.
      const options = [
        '-mnpf',
        '--mount-proc',
        '--kill-child',
        'sh',
        '-c',
        `PATH=$PATH:/usr/sbin:/sbin; ${script}`,
        'sh',
      ];
      const args = [process.execPath, own('listener.ts'), own('probe.ts'), file];
      const result = spawnSync('unshare', [...options, ...args], { encoding: 'utf8', timeout: 25_000 });
      expect(result.stdout, result.stderr).toBe('0 80 open\n65534 80 refused\n');
    });

    it.runIf(process.getuid?.() === 0)(
      'lets each service reach what it needs, and the broker nobody (needs root)',
      () => {
        const script = `
        mount -t tmpfs none /run; mkfifo /run/ready; ip link set lo up; nft -f "$4"
        # The broker, which answers who connects.
        setpriv --reuid=mosquitto --clear-groups "$1" "$2" 8883 >/run/ready & read -r _ </run/ready
        "$1" "$2" 22 53 443 5432 >/run/ready & read -r _ </run/ready
        for user in 0 mosquitto 811 812 813 65534; do
          for host in 127.0.0.1 ::1; do
            setpriv --reuid=$user --clear-groups "$1" "$3" $user $host 22 53 443 5432 8883
          done
        done`;
        const args = [process.execPath, own('listener.ts'), own('probe.ts'), file];
        const { stdout, stderr } = spawnSync(
          'unshare',
          ['-mnpf', '--mount-proc', '--kill-child', 'sh', '-c', `PATH=$PATH:/usr/sbin:/sbin; ${script}`, 'sh', ...args],
          { encoding: 'utf8', timeout: 40_000 },
        );
        const open = (user: string) =>
          [...new Set(stdout.match(new RegExp(`^${user} \\d+ open$`, 'gm')))].map((line) => Number(line.split(' ')[1]));
        const users = ['0', 'mosquitto', '811', '812', '813', '65534'];
        const reached = Object.fromEntries(users.map((user) => [user, open(user).sort((a, b) => a - b)]));
        const all = [22, 53, 443, 5432, 8883];
        expect(reached, stderr).toEqual({
          0: all,
          mosquitto: [],
          811: [53, 5432],
          812: [53, 443],
          813: [8883],
          65534: all,
        });
        // Both families alike.
        expect(stdout.match(/ open$/gm)).toHaveLength(2 * (2 * all.length + 5));
      },
    );

    it('can be loaded again, and leaves other tables alone', () => {
      const result = shell('nft add table inet other && nft -f "$1" && nft -f "$1" && nft list tables', file);
      expect(result.stdout, result.stderr).toBe('table inet other\ntable inet mqtt_saas\n');
    });
  });
});
