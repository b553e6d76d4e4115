import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { buildBroker } from './build.ts';

test('two builds give the same bundle; its archive holds the tree and is named after its hash', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'build-'));
  try {
    const archive = await buildBroker(join(folder, 'a'));
    const again = await buildBroker(join(folder, 'b'));
    expect(readFileSync(again).equals(readFileSync(archive))).toBe(true);
    expect(basename(archive)).toBe(`${createHash('sha256').update(readFileSync(archive)).digest('hex')}.tgz`);
    expect(readdirSync(join(folder, 'a')).sort()).toEqual([basename(archive), 'tree']);
    execFileSync('mkdir', [join(folder, 'unpacked')]);
    execFileSync('tar', ['-xzf', archive, '-C', join(folder, 'unpacked')]);
    execFileSync('diff', ['-r', join(folder, 'unpacked'), join(folder, 'a/tree')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
