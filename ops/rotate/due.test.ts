// The keys' ages, from a real repository's history.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { keyAges } from './due.ts';

const root = mkdtempSync(join(tmpdir(), 'due-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function commit(day: string, text: string): void {
  writeFileSync(join(root, 'Pulumi.dev.yaml'), text);
  const date = `${day}T12:00:00Z`;
  const env = { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { env, stdio: 'ignore' });
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'x');
}

it('counts from the last change of the key’s own line, or else from the file’s first day', () => {
  commit('2026-01-01', 'config:\n  mqtt-saas:sshPublicKey: a\n');
  const ingest = (day: string) => keyAges(root, Date.parse(`${day}T12:00:00Z`))[0];
  expect(ingest('2026-03-31')).toMatchObject({ stack: 'dev', since: '2026-01-01', age: 89, due: false });
  expect(ingest('2026-04-01')).toMatchObject({ age: 90, due: true });
  commit('2026-04-01', 'config:\n  mqtt-saas:sshPublicKey: a\n  mqtt-saas:ingestGeneration: 2\n');
  commit(
    '2026-05-01',
    'config:\n  mqtt-saas:sshPublicKey: a\n  mqtt-saas:ingestGeneration: 2\n  mqtt-saas:owner: me\n',
  );
  expect(ingest('2026-05-02')).toMatchObject({ since: '2026-04-01', age: 31, due: false });
  expect(keyAges(root, Date.parse('2027-01-01T12:00:00Z'))[1]).toMatchObject({ since: '2026-01-01', due: true });
});
