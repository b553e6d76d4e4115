// The real broker, started as a throw-away with a configuration that is good, and with ones that must never be live.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../lab/ports.ts';
import { makeServiceDir, SERVICE_USER } from '../../../../lab/unprivileged.ts';
import { renderBrokerConfig } from '../../../broker/config.ts';
import { writePrograms } from '../testing/programs.ts';

const run = promisify(execFile);
let folder: string;
beforeAll(() => {
  folder = makeServiceDir(mkdtempSync(join(tmpdir(), 'rehearsal-')));
  // The checkout may lie where the broker's user cannot go.
  writePrograms(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Rehearses a changed configuration; its complaint, or nothing. */
async function rehearse(
  change: (config: string) => string = (same) => same,
  { webSocketPorts = [], wrap = [] }: { webSocketPorts?: number[]; wrap?: string[] } = {},
): Promise<string> {
  const port = await freePort();
  const nowhere = '/nonexistent';
  const config = renderBrokerConfig({
    listenAddress: '127.0.0.1',
    port,
    webSocketPorts,
    certificateFile: `${nowhere}/server.crt`,
    keyFile: `${nowhere}/server.key`,
    gateFile: `${nowhere}/gate.so`,
    registryFile: `${nowhere}/registry`,
    stampKeyFile: `${nowhere}/stamp.key`,
    persistenceDir: nowhere,
  });
  const file = join(folder, `${port}.conf`);
  writeFileSync(file, change(config));
  const env = { ...process.env, TMPDIR: folder };
  // As on the machine, not as root: the broker would give its rights up and then lack its files.
  const [program = '', ...args] = [...wrap, '/usr/bin/python3', '-B', join(folder, 'bin/rehearse-broker.py'), file];
  return run(program, args, { env, ...(wrap.length === 0 && SERVICE_USER) }).then(
    () => '',
    ({ stderr }: { stderr: string }) => stderr,
  );
}

it('passes the configuration we deploy, and leaves nothing behind', async () => {
  expect(await rehearse()).toBe('');
  expect(readdirSync(folder).filter((name) => name.startsWith('broker-rehearsal'))).toEqual([]);
});

/** The gate asks nobody for a name or a key only where it is not there. */
const anonymous = (config: string) =>
  config.replace(/^plugin.*$/gm, '').replace('allow_anonymous false', 'allow_anonymous true');

it.each<[string, (config: string) => string, RegExp]>([
  [
    'lets in who has no name',
    (config) => anonymous(config).replace('use_username_as_clientid true', ''),
    /a client without a user name was answered 0, not refused/,
  ],
  ['has no gate', (config) => config.replace(/^plugin.*$/gm, ''), /refused/],
  [
    'has a gate it cannot read the registry of',
    (config) => config.replace(/^plugin_opt_registry_file.*$/m, ''),
    /plugin_opt_registry_file is missing/,
  ],
  ['speaks no TLS', (config) => config.replace(/^(certfile|keyfile).*$/gm, ''), /the TLS handshake .* failed/],
  ['checks no password', (config) => anonymous(config), /was answered|refused/],
  ['cannot be read', (config) => `${config}no_such_option 1\n`, /Unknown configuration variable "no_such_option"/],
  ['takes nothing', (config) => `${config}message_size_limit 1\n`, /not delivered|did not answer/],
  ['has no listener', (config) => config.replace(/^listener.*$/m, ''), /has no listener/],
])('refuses a broker that %s', async (_, change, complaint) => {
  expect(await rehearse(change)).toMatch(complaint);
});

describe.runIf(SERVICE_USER)(
  'with WebSocket, which Mosquitto binds to every address, so on a network of its own (needs root)',
  () => {
    const script = 'ip link set lo up; user=$1; shift; exec setpriv --reuid "$user" --regid "$0" --clear-groups "$@"';
    const wrap = ['unshare', '--net', 'bash', '-c', script, `${SERVICE_USER?.gid}`, `${SERVICE_USER?.uid}`];
    const webSocketPorts = [9001, 443];

    it('passes the configuration we deploy, also with a port that the broker’s user may not open here', async () => {
      expect(await rehearse((same) => same, { webSocketPorts, wrap })).toBe('');
    });

    it('refuses a broker that speaks it without TLS', async () => {
      const lastOf = (option: string) => new RegExp(`^${option} .*$(?![^]*^${option} )`, 'm');
      const change = (config: string) => config.replace(lastOf('certfile'), '').replace(lastOf('keyfile'), '');
      expect(await rehearse(change, { webSocketPorts: [9001], wrap })).toMatch(/the TLS handshake .* failed/);
    });
  },
);
