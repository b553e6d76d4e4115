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
  writeFileSync(join(home, 'first.acl'), 'user svc-ingest\ntopic read a\n');
});
afterEach(() => rmSync(home, { recursive: true }));

function python(script: string, ...args: string[]): void {
  const result = spawnSync('python3', ['-B', join(BIN, script), ...args], { encoding: 'utf8' });
  expect(result.stderr).toBe('');
}
/** What a boot, and each start of the broker, does. */
function start(): void {
  python('make-probe-account.py', join(home, 'run'));
  python('seed-accounts.py', join(home, 'run'), join(home, 'first.acl'), accounts);
}
const read = (name: string) => readFileSync(join(home, name), 'utf8');

/** Whether a line of the password file is this password's. */
function isHashOf(line: string, password: string): boolean {
  const [, kind, iterations, salt = '', digest] = line.split('$');
  expect(kind).toBe('7');
  const key = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 64, 'sha512');
  return digest?.trim() === key.toString('base64');
}

it('a machine that never saw the registry gets ingest’s account and its own, hashed', () => {
  start();
  const [ingest = '', probe = ''] = read('accounts/passwords').split('\n');
  expect([ingest.split(':')[0], probe.split(':')[0]]).toEqual(['svc-ingest', 'svc-probe']);
  expect(isHashOf(ingest, 'the-password')).toBe(true);
  expect(isHashOf(probe, read('run/svc-probe.password'))).toBe(true);
  expect(read('accounts/acl')).toBe('user svc-ingest\ntopic read a\n\nuser svc-probe\ntopic readwrite probe/#\n');
  expect((statSync(join(accounts, 'passwords')).mode & 0o777).toString(8)).toBe('640');
  expect((statSync(join(home, 'run/svc-probe.password')).mode & 0o777).toString(8)).toBe('600');
});

it('a start in between changes nothing', () => {
  start();
  const before = [read('accounts/passwords'), read('accounts/acl'), read('run/svc-probe.password')];
  start();
  expect([read('accounts/passwords'), read('accounts/acl'), read('run/svc-probe.password')]).toEqual(before);
});

it('the registry’s accounts stay, and the machine’s own is new after a boot', () => {
  const registry = {
    passwords: 'acme.pump-1:x\nsvc-probe:old\nzeta.a:y\n',
    acl: '# from the registry\n\nuser acme.pump-1\ntopic write a\n\nuser svc-probe\ntopic readwrite #\n\nuser zeta.a\ntopic write z\n',
  };
  writeFileSync(join(accounts, 'passwords'), registry.passwords);
  writeFileSync(join(accounts, 'acl'), registry.acl);
  start();
  expect(read('accounts/passwords')).toMatch(/^acme\.pump-1:x\nzeta\.a:y\nsvc-probe:\$7\$[^\n]+\n$/);
  expect(read('accounts/acl')).toBe(
    '# from the registry\n\nuser acme.pump-1\ntopic write a\n\nuser zeta.a\ntopic write z\n\nuser svc-probe\ntopic readwrite probe/#\n',
  );
  const before = read('run/svc-probe.password');
  rmSync(join(home, 'run/svc-probe.password'));
  start();
  expect(read('run/svc-probe.password')).not.toBe(before);
  expect(isHashOf(read('accounts/passwords').split('\n')[2] ?? '', read('run/svc-probe.password'))).toBe(true);
  expect(existsSync(join(accounts, 'passwords.new'))).toBe(false);
});

it.runIf(process.getuid?.() === 0)('is of the folder’s user before it looks at a name in there (needs root)', () => {
  python('make-probe-account.py', join(home, 'run'));
  chmodSync(home, 0o711);
  chmodSync(join(home, 'run/svc-ingest.password'), 0o600);
  chownSync(accounts, 65_534, 65_534);
  // A link to a file that only root may read, under a name whose text is taken over.
  writeFileSync(join(home, 'roots'), '# of root', { mode: 0o600 });
  symlinkSync(join(home, 'roots'), join(accounts, 'acl'));
  writeFileSync(join(accounts, 'passwords'), 'acme.pump-1:x\n', { mode: 0o644 });
  const seeded = spawnSync('python3', [
    ...['-B', join(BIN, 'seed-accounts.py')],
    ...[join(home, 'run'), join(home, 'first.acl'), accounts],
  ]);
  expect(seeded.stderr.toString()).toContain('Permission denied');
  expect(read('roots')).toBe('# of root');
  for (const name of ['acl', 'passwords']) rmSync(join(accounts, name));
  python('seed-accounts.py', join(home, 'run'), join(home, 'first.acl'), accounts);
  expect(['passwords', 'acl'].map((name) => statSync(join(accounts, name)).uid)).toEqual([65_534, 65_534]);
});
