import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packFunctions } from './package.ts';
import { zip } from './zip.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CONTENT = new Map([
  ['main.mjs', Buffer.from('export {};\n')],
  ['host.json', Buffer.from('{}')],
  ['empty', Buffer.alloc(0)],
  ['large', Buffer.alloc(70_000, 'large')],
]);

test('another program can read it: names, content, checksums, and modes that let everybody read', () => {
  const path = join(folder, 'package.zip');
  writeFileSync(path, zip(CONTENT));
  expect(execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-t', path], { encoding: 'utf8' })).toContain(
    'Done testing',
  );
  const script =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); z.extractall(sys.argv[2]); print([oct(i.external_attr >> 16) for i in z.infolist()])';
  const modes = execFileSync('/usr/bin/python3', ['-c', script, path, join(folder, 'out')], { encoding: 'utf8' });
  expect(modes.trim()).toBe("['0o100644', '0o100644', '0o100644', '0o100644']");
  for (const [name, content] of CONTENT) expect(readFileSync(join(folder, 'out', name))).toEqual(content);
});

test('order, time and mode of the files do not change the bytes, content does', () => {
  const content = new Map([...CONTENT, ['package.json', Buffer.from('{ "packageId": "one" }')]]);
  const write = (place: string, names: string[]) => {
    mkdirSync(join(folder, place));
    for (const name of names) writeFileSync(join(folder, place, name), content.get(name)!);
    return join(folder, place);
  };
  const first = packFunctions(write('a', ['main.mjs', 'package.json']));
  expect(first.id).toBe('one');
  const other = write('b', ['package.json', 'main.mjs']);
  utimesSync(join(other, 'main.mjs'), 1, 1);
  // A file that a simultaneous build is about to rename.
  writeFileSync(join(other, 'main.mjs.4711'), 'half');
  expect(packFunctions(other)).toEqual(first);
  writeFileSync(join(other, 'main.mjs'), 'export { };');
  expect(packFunctions(other).archive).not.toEqual(first.archive);
});

test('a name that the format cannot hold is refused', () => {
  expect(() => zip(new Map([['Größe', Buffer.alloc(1)]]))).toThrow('"Größe" is not a path');
});
