import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ingressRules } from '../../domain/ingress.ts';
import { renderFirewall } from './firewall.ts';
import { type MachineArgs, renderMachine } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'machine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const args: MachineArgs = {
  ingress: ingressRules({ adminCidrs: ['203.0.113.10/32'] }),
  bundlesUrl: 'https://stbrokerdevex4mp1.blob.core.windows.net/bundles',
  dataDiskLun: 0,
};

interface WrittenFile {
  path: string;
  content: string;
  permissions: string;
  defer?: boolean;
}
const text = renderMachine(args);
const { write_files: files } = parse(text) as { write_files: WrittenFile[] };
const fileOf = (path: string) => files.find((file) => file.path === path)?.content ?? '';

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
  it('is this, in full', async () => {
    await expect(text).toMatchFileSnapshot('./snapshots/dev.yaml');
  });

  it('leaves no mark, keeps every file as it is, and fits', () => {
    expect(text).not.toMatch(/^ *\$\{\w+\}$/m);
    expect(fileOf('/etc/nftables.conf')).toBe(renderFirewall(args.ingress));
    expect(Buffer.from(text).toString('base64').length).toBeLessThanOrEqual(65_535);
  });

  it('is refused when Azure would refuse it', () => {
    const ingress = Array.from({ length: 999 }, () => args.ingress[0]!);
    expect(() => renderMachine({ ...args, ingress })).toThrow(/user data has \d+ bytes in base64; Azure takes 65535/);
  });

  it('refuses a value that would end its word', () => {
    expect(() => renderMachine({ ...args, bundlesUrl: 'https://x" }' })).toThrow('bundlesUrl is "https://x\\" }"');
  });

  it('holds no secret, nor the name of one', () => {
    expect(text).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE|\$7\$\d|eyJ|AccountKey|:\/\/[^/\s:]+:[^/\s]+@/);
    for (const { content } of files) expect(content).not.toMatch(/[A-Za-z0-9+/_-]{43,}(?![\w:/-])/);
    expect(text).not.toMatch(/svc-ingest-password|broker-tls/);
  });

  it('replaces the file of a package only after the package is there', () => {
    const deferred = files.filter((file) => file.defer);
    expect(deferred.map((file) => file.path)).toEqual(['/etc/nftables.conf']);
  });

  it('brings an applier that lacks none of its libraries', () => {
    for (const { path, content } of files.filter((file) => file.path.startsWith('/opt/mqtt-saas/bootstrap/'))) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const applier = join(folder, '/opt/mqtt-saas/bootstrap/bin/broker-apply.py');
    const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-B', applier, '--help'], { encoding: 'utf8' });
    expect(stdout, stderr).toContain('--boot');
  });

  it('has dpkg sync what cloud-init installs, also through eatmydata, and hands it every other word', () => {
    expect(fileOf('/etc/apt/apt.conf.d/99-first-boot')).toContain('Dir::Bin::dpkg "/usr/local/sbin/dpkg-synced";\n');
    const bin = mkdtempSync(join(folder, 'bin-'));
    writeFileSync(join(bin, 'dpkg'), '#!/bin/sh\nprintf "<%s>" "$@" "$LD_PRELOAD"\n', { mode: 0o755 });
    writeFileSync(join(bin, 'synced'), fileOf('/usr/local/sbin/dpkg-synced'), { mode: 0o755 });
    const args = ['--force-confold', '--force-unsafe-io', '--status-fd', '12', '--unpack', '/a b.deb'];
    const { stdout } = spawnSync(join(bin, 'synced'), args, {
      encoding: 'utf8',
      // As eatmydata does, whose library need not be here.
      env: { PATH: `${bin}:/usr/bin:/bin`, LD_PRELOAD: 'libeatmydata.so' },
    });
    expect(stdout).toBe('<--force-confold><--status-fd><12><--unpack></a b.deb><>');
  });

  it('passes cloud-init’s own schema', ({ skip }) =>
    check('user-data', ['cloud-init', 'schema', '--config-file', 'FILE'], text, skip));

  it('holds an sshd configuration that sshd accepts', ({ skip }) => {
    if (!existsSync('/usr/sbin/sshd')) return skip('sshd is not installed, so the file was not checked');
    const key = join(folder, 'host_key');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const drop = fileOf('/etc/ssh/sshd_config.d/10-mqtt-saas.conf');
    // sshd insists on its privilege separation folder; a mount namespace's own /run gives it one.
    const script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -t -f FILE';
    check('sshd_config', ['unshare', '-rm', 'sh', '-c', script], `HostKey ${key}\n${drop}`, skip);
  });

  it('holds shell scripts that parse', ({ skip }) => {
    const scripts = files.filter(({ content }) => content.startsWith('#!/bin/sh'));
    expect(scripts.map(({ path }) => basename(path))).toEqual(
      expect.arrayContaining(['mount-data-disk', 'first-boot']),
    );
    for (const { path, content } of scripts) check(basename(path), ['sh', '-n', 'FILE'], content, skip);
  });
});
