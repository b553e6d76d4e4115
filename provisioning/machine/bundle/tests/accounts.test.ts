// The accounts a machine gives its broker itself: make-probe-account, then seed-accounts, before every start.
import { spawnSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

let home: string;
let accounts: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'accounts-'));
  accounts = join(home, 'accounts');
  mkdirSync(join(home, 'run'));
  mkdirSync(accounts);
  writeFileSync(join(home, 'run/svc-ingest.password'), 'the-password');
  writeFileSync(join(home, 'settings.json'), '{"secrets": {"svc-ingest.password": "a", "registry.url": "b"}}');
});
afterEach(() => rmSync(home, { recursive: true }));

function python(script: string, ...args: string[]): void {
  const result = spawnSync('/usr/bin/python3', ['-B', join(BIN, script), ...args], { encoding: 'utf8' });
  expect(result.stderr).toBe('');
}
/** What a boot, and each start of the broker, does. */
function start(): void {
  python('make-probe-account.py', join(home, 'run'));
  python('seed-accounts.py', join(home, 'run'), join(home, 'settings.json'), accounts);
}
const read = (name: string) => readFileSync(join(home, name), 'utf8');

/** Whether a line of the registry file is for this password. */
function isHashOf(line: string, password: string): boolean {
  const [, kind, iterations, salt = '', digest] = line.split(' ')[1]!.split('$');
  expect(kind).toBe('7');
  const key = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 64, 'sha512');
  return digest === key.toString('base64');
}

it('a machine that never saw the registry gets ingest’s account and its own, hashed', () => {
  start();
  const [header, ingest = '', probe = ''] = read('accounts/registry').split('\n');
  expect(header).toMatch(/^# Generated/);
  expect(ingest).toMatch(/^svc-ingest \S+ read:tenants\/\+\/devices\/\+\/telemetry\/# /);
  expect(probe).toMatch(/^svc-probe \S+ read:probe\/# write:probe\/#$/);
  expect(isHashOf(ingest, 'the-password')).toBe(true);
  expect(isHashOf(probe, read('run/svc-probe.password'))).toBe(true);
  expect((statSync(join(accounts, 'registry')).mode & 0o777).toString(8)).toBe('640');
  expect((statSync(join(home, 'run/svc-probe.password')).mode & 0o777).toString(8)).toBe('600');
});

it('a start in between changes nothing', () => {
  start();
  const before = [read('accounts/registry'), read('run/svc-probe.password')];
  start();
  expect([read('accounts/registry'), read('run/svc-probe.password')]).toEqual(before);
});

it('the registry’s accounts stay, and the machine’s own is new after a boot', () => {
  writeFileSync(
    join(accounts, 'registry'),
    '# first line\nacme.pump-1 x\nsvc-probe old read:#\nzeta.a y write:a/b/#\n',
  );
  start();
  expect(read('accounts/registry')).toMatch(
    /^# first line\nacme\.pump-1 x\nsvc-probe \$7\$\S+ read:probe\/# write:probe\/#\nzeta\.a y write:a\/b\/#\n$/,
  );
  const before = read('run/svc-probe.password');
  rmSync(join(home, 'run/svc-probe.password'));
  start();
  expect(read('run/svc-probe.password')).not.toBe(before);
  expect(isHashOf(read('accounts/registry').split('\n')[2] ?? '', read('run/svc-probe.password'))).toBe(true);
  expect(existsSync(join(accounts, 'registry.new'))).toBe(false);
});

it.runIf(process.getuid?.() === 0)('is of the folder’s user before it looks at a name in there (needs root)', () => {
  python('make-probe-account.py', join(home, 'run'));
  chmodSync(home, 0o711);
  chmodSync(join(home, 'run/svc-ingest.password'), 0o600);
  chownSync(accounts, 65_534, 65_534);
  // A link to a file that only root may read, under a name whose text is taken over.
  writeFileSync(join(home, 'roots'), '# of root', { mode: 0o600 });
  symlinkSync(join(home, 'roots'), join(accounts, 'registry'));
  const seeded = spawnSync('/usr/bin/python3', [
    ...['-B', join(BIN, 'seed-accounts.py')],
    ...[join(home, 'run'), join(home, 'settings.json'), accounts],
  ]);
  expect(seeded.stderr.toString()).toContain('Permission denied');
  expect(read('roots')).toBe('# of root');
  rmSync(join(accounts, 'registry'));
  python('seed-accounts.py', join(home, 'run'), join(home, 'settings.json'), accounts);
  expect(statSync(join(accounts, 'registry')).uid).toBe(65_534);
});
