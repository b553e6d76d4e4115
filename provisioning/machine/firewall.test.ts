import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ingressRules } from '../../domain/ingress.ts';
import { renderFirewall } from './firewall.ts';

const folder = mkdtempSync(join(tmpdir(), 'firewall-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'nftables.conf');

const ADMIN = '203.0.113.10/32';
const text = renderFirewall(ingressRules({ adminCidrs: [ADMIN, '2001:db8::7/128'], webSocket: true }));

/** A machine, the administrator and somebody else, each in a network namespace of its own, on one bridge. */
const WORLD = `
set -eu
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
ip link add bridge type bridge && ip link set bridge up
enter() { # NAME ADDRESS COMMAND: runs it in a namespace of its own
  unshare -n sleep 60 & pid=$!; trap "kill $pids $pid 2>/dev/null" EXIT; pids="$pids $pid"
  until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  ip link add "to-$1" type veth peer name eth0 netns $pid
  ip link set "to-$1" up master bridge
  nsenter -t $pid -n ip link set lo up
  nsenter -t $pid -n ip link set eth0 up
  nsenter -t $pid -n ip addr add "$2" dev eth0
  nsenter -t $pid -n ip route add default dev eth0
}
pids=
enter machine 198.51.100.1/24; machine=$pid
enter admin 203.0.113.10/24; admin=$pid
enter other 203.0.113.11/24; other=$pid
[ "$FIREWALL" = none ] || nsenter -t $machine -n nft -f "$FIREWALL"
nsenter -t $machine -n "$NODE" "$LISTENER" &
pids="$pids $!"
for _ in $(seq 100); do nsenter -t $machine -n "$NODE" "$PROBE" 127.0.0.1 22 >/dev/null && break; done
for who in machine admin other; do
  eval pid=\\$$who
  for port in 22 1883 8883 9001 443; do
    [ $who = machine ] && target=127.0.0.1 || target=198.51.100.1
    echo "$who $port $(nsenter -t $pid -n "$NODE" "$PROBE" $target $port)"
  done
done
`;

const LISTENER = `const net = require('node:net'); for (const port of [22, 443, 1883, 8883, 9001]) net.createServer((s) => s.end()).listen(port);`;
const PROBE = `const [, , host, port] = process.argv; const s = require('node:net').connect(port, host);
const end = (word) => { console.log(word); process.exit(word === 'open' ? 0 : 1); };
s.on('connect', () => end('open')).on('error', () => end('refused')); setTimeout(() => end('silent'), 1000);`;

/** What each party can open, with this firewall or none. */
async function reach(firewall: string): Promise<Record<string, string[]>> {
  writeFileSync(path, text);
  writeFileSync(join(folder, 'listener.cjs'), LISTENER);
  writeFileSync(join(folder, 'probe.cjs'), PROBE);
  const env = { ...process.env, FIREWALL: firewall, NODE: process.execPath };
  const world = spawn('unshare', ['-rn', 'sh', '-c', WORLD], {
    env: { ...env, LISTENER: join(folder, 'listener.cjs'), PROBE: join(folder, 'probe.cjs') },
  });
  let output = '';
  let errors = '';
  world.stdout.on('data', (data) => {
    output += data;
  });
  world.stderr.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(world, 'close');
  expect(code, errors).toBe(0);
  const open: Record<string, string[]> = { machine: [], admin: [], other: [] };
  for (const line of output.trim().split('\n')) {
    const [who = '', port = '', state] = line.split(' ');
    if (state === 'open') open[who]?.push(port);
  }
  return open;
}

const canMakeWorlds =
  spawnSync('unshare', ['-rn', 'sh', '-c', 'PATH=$PATH:/usr/sbin; nft list ruleset && ip link'], { stdio: 'ignore' })
    .status === 0;

describe('the host firewall', () => {
  it('names every way in once, and its sources by family', () => {
    expect(text).toContain('ip saddr { 203.0.113.10/32 } tcp dport 22 accept comment "allow-ssh-admin"');
    expect(text).toContain('ip6 saddr { 2001:db8::7/128 } tcp dport 22 accept comment "allow-ssh-admin"');
    expect(text.match(/tcp dport \d+ accept/g)).toHaveLength(4);
    expect(text).not.toContain('1883');
    expect(text).not.toContain('443');
  });

  describe.runIf(canMakeWorlds)('loaded into a kernel', () => {
    it('lets the admin in by SSH, devices in by TLS and WebSocket, and nothing else', async () => {
      expect(await reach(path)).toEqual({
        machine: ['22', '1883', '8883', '9001', '443'],
        admin: ['22', '8883', '9001'],
        other: ['8883', '9001'],
      });
    });

    it('is what keeps them out: without it all is open', async () => {
      const all = ['22', '1883', '8883', '9001', '443'];
      expect(await reach('none')).toEqual({ machine: all, admin: all, other: all });
    });

    it('can be loaded again, and leaves other tables alone', () => {
      writeFileSync(path, text);
      const script = 'PATH=$PATH:/usr/sbin; nft add table inet other && nft -f "$1" && nft -f "$1" && nft list tables';
      const result = spawnSync('unshare', ['-rn', 'sh', '-c', script, 'sh', path], { encoding: 'utf8' });
      expect(result.stdout, result.stderr).toBe('table inet other\ntable inet mqtt_saas\n');
    });
  });

  it.skipIf(canMakeWorlds)('was not loaded: nft, ip or network namespaces are missing here', ({ skip }) => skip());
});
