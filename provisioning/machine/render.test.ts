import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ingressRules } from '../../domain/ingress.ts';
import { renderBrokerConfig } from '../broker/config.ts';
import { type MachineArgs, PATHS, renderMachine } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'machine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const args: MachineArgs = {
  ingress: ingressRules({ adminCidrs: ['203.0.113.10/32'] }),
  brokerConfig: renderBrokerConfig({
    listenAddress: '0.0.0.0',
    port: 8883,
    certificateFile: `${PATHS.secrets}/server.crt`,
    keyFile: `${PATHS.secrets}/server.key`,
    passwordFile: `${PATHS.accounts}/passwords`,
    aclFile: `${PATHS.accounts}/acl`,
    persistenceDir: PATHS.state,
  }),
  vaultUri: 'https://kv-mqtt-dev-ex4mp1.vault.azure.net',
  secretNames: { ingestPassword: 'svc-ingest-password', certificate: 'cert', key: 'key', ca: 'ca' },
  dataDiskLun: 0,
};

interface CloudConfig {
  runcmd: string[];
  write_files: { path: string; content: string; permissions: string; defer?: boolean }[];
}

const cloudConfig = (text: string) => parse(text) as CloudConfig;
const fileOf = (text: string, path: string) =>
  cloudConfig(text).write_files.find((file) => file.path === path)?.content;

/** Runs a file's own checker on it, or skips, saying so, where the checker is not installed. */
function check(name: string, command: string[], content: string, skip: (note: string) => void): void {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o755 });
  const [program = '', ...rest] = command.map((part) => part.replace('FILE', path));
  const result = spawnSync(program, rest, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (result.error && 'code' in result.error && result.error.code === 'ENOENT') {
    skip(`${program} is not installed, so the file was not checked`);
    return;
  }
  expect(result.status, result.stdout + result.stderr).toBe(0);
}

describe('the machine’s user data', () => {
  const text = renderMachine(args);

  it('is this, in full', async () => {
    await expect(text).toMatchFileSnapshot('./snapshots/dev.yaml');
  });

  it('leaves no mark, keeps every file as it is, and fits', () => {
    expect(text).not.toMatch(/\$\{\w+\}/);
    expect(fileOf(text, '/etc/mosquitto/mosquitto.conf')).toBe(args.brokerConfig);
    expect(Buffer.from(text).toString('base64').length).toBeLessThanOrEqual(65_535);
  });

  it('is refused when Azure would refuse it', () => {
    const brokerConfig = '# a very long line\n'.repeat(4000);
    expect(() => renderMachine({ ...args, brokerConfig })).toThrow(
      /user data has \d+ bytes in base64; Azure takes 65535/,
    );
  });

  it('refuses a value that would end its shell word', () => {
    expect(() => renderMachine({ ...args, vaultUri: 'https://x; reboot' })).toThrow('vaultUri is "https://x; reboot"');
  });

  it('holds names of secrets, never one', () => {
    expect(text).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE|\$7\$|eyJ|AccountKey|:\/\/[^/\s:]+:[^/\s]+@/);
    for (const { content } of cloudConfig(text).write_files)
      expect(content).not.toMatch(/[A-Za-z0-9+/_-]{43,}(?![\w:/-])/);
  });

  it('starts the broker only where its certificate is in the vault', () => {
    const acme = renderMachine({ ...args, secretNames: { ingestPassword: 'svc-ingest-password' } });
    expect(cloudConfig(text).runcmd.at(-1)).toContain('systemctl unmask mosquitto');
    expect(acme).not.toContain('unmask');
    expect(fileOf(acme, '/usr/local/sbin/prepare-broker')).not.toContain('server.key');
  });

  it('replaces files of a package only after the package is there', () => {
    const deferred = cloudConfig(text).write_files.filter((file) => file.defer);
    expect(deferred.map((file) => file.path)).toEqual(['/etc/nftables.conf', '/etc/mosquitto/mosquitto.conf']);
  });

  it('passes cloud-init’s own schema', ({ skip }) =>
    check('user-data', ['cloud-init', 'schema', '--config-file', 'FILE'], text, skip));

  it('holds an sshd configuration that sshd accepts', ({ skip }) => {
    if (!existsSync('/usr/sbin/sshd')) return skip('sshd is not installed, so the file was not checked');
    const key = join(folder, 'host_key');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const drop = fileOf(text, '/etc/ssh/sshd_config.d/10-mqtt-saas.conf') ?? '';
    // sshd insists on its privilege separation folder; a mount namespace's own /run gives it one.
    const script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -t -f FILE';
    check('sshd_config', ['unshare', '-rm', 'sh', '-c', script], `HostKey ${key}\n${drop}`, skip);
  });

  it('holds shell scripts that parse', ({ skip }) => {
    for (const name of ['mount-data-disk', 'seed-accounts', 'prepare-broker']) {
      check(name, ['sh', '-n', 'FILE'], fileOf(text, `/usr/local/sbin/${name}`) ?? '', skip);
    }
  });
});
