// Where CI is set, a skipped test is a failure, unless it lacks a privilege that its name tells of.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { wronglySkipped } from './skipped.ts';

const ROOTLESS = { 'needs root': true, namespaces: false };
const FULL = { 'needs root': false, namespaces: false };

test.each([
  ['mount-data-disk (needs root, mkfs.ext4 and loop devices) > mounts it', ROOTLESS, true],
  ['mount-data-disk (needs root, mkfs.ext4 and loop devices) > mounts it', FULL, false],
  ['the host firewall > loaded into a kernel (needs nft, ip and namespaces) > lets the admin in', ROOTLESS, false],
  ['limits of one source (needs nft, ip and namespaces) > holds', { ...FULL, namespaces: true }, true],
  ['registry-sync (needs python3-psycopg2) > writes', ROOTLESS, false],
  ['through PgBouncer in transaction mode > stores', ROOTLESS, false],
  ['renderMachine > passes cloud-init’s own schema', FULL, true],
] as const)('%s, lacking %j', (name, lacking, isRight) => {
  expect(wronglySkipped([name], lacking)).toEqual(isRight ? [] : [name]);
});

test.each([
  ['true', 1, /skipped although CI is set: a tool > is there/],
  ['', 0, /1 passed, 0 failed, 1 skipped/],
])('a run with CI=%s ends with %d', (CI, code, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'skipped-'));
  try {
    const file = join(folder, 'one.test.js');
    writeFileSync(
      file,
      "describe('a tool', () => { it('is not asked for', () => {}); it.skip('is there', () => {}); });",
    );
    const program = `
      import { runVitest } from '${join(ROOT, 'tests/run-vitest.ts')}';
      await runVitest([], { root: '${folder}', config: false, globals: true });`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      env: { PATH: process.env.PATH, CI },
      encoding: 'utf8',
    });
    expect(stdout + stderr).toMatch(said);
    expect(status).toBe(code);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
