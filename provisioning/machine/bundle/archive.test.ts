import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { tarGz } from './archive.ts';

const files = [
  { path: 'bin/run.py', content: Buffer.from('#!/usr/bin/python3\n'), executable: true },
  { path: 'a', content: Buffer.alloc(200_000, 'x'), executable: false },
  { path: 'empty', content: Buffer.alloc(0), executable: false },
];

test('tar reads it back: contents, modes, owner and time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'));
  try {
    writeFileSync(join(folder, 'x.tgz'), tarGz(files));
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } } as const;
    const { stdout, stderr } = spawnSync('tar', ['--full-time', '--numeric-owner', '-tvzf', 'x.tgz'], options);
    expect(stderr).toBe('');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ')),
    ).toEqual([
      '-rw-r--r-- 0/0 200000 1970-01-01 00:00:00 a',
      '-rwxr-xr-x 0/0 19 1970-01-01 00:00:00 bin/run.py',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty',
    ]);
    spawnSync('tar', ['-xzf', 'x.tgz'], options);
    for (const { path, content } of files) expect(readFileSync(join(folder, path))).toEqual(content);
    expect(statSync(join(folder, 'bin/run.py')).mode & 0o111).toBe(0o111);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('its bytes are these, wherever, whenever and in whatever order it is made', () => {
  const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  // Written down, so that a version of the library that would differ is noticed.
  expect(hash(tarGz(files))).toBe(hash(tarGz([...files].reverse())));
  expect(hash(tarGz(files))).toMatchInlineSnapshot(
    `"d0b242bf249f556f17a7a60a8a30baf8e21e707e48c5375cbedff91d8d249982"`,
  );
  expect(gunzipSync(tarGz(files)).length % 512).toBe(0);
});

test.each([
  ['a path that does not fit', [{ ...files[0]!, path: 'x'.repeat(100) }], /not a path of 1 to 99/],
  ['a file twice', [files[0]!, files[0]!], 'bin/run.py comes twice'],
])('refuses %s', (_, bad, message) => {
  expect(() => tarGz(bad)).toThrow(message);
});
