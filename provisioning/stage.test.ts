import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stage } from './stage.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CONTENT = Buffer.from('content');

test('a file is written under its name, in a folder made for it, and nothing else is left', () => {
  const path = stage(join(folder, 'a/b'), 'name', CONTENT);
  expect(path).toBe(join(folder, 'a/b/name'));
  expect(readFileSync(path)).toEqual(CONTENT);
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['name']);
});

test('a file that is staged already is not written again', () => {
  const path = stage(folder, 'name', CONTENT);
  utimesSync(path, 1, 1);
  expect(stage(folder, 'name', CONTENT)).toBe(path);
  expect(statSync(path).mtimeMs).toBe(1000);
});

test('one whose content does not match its name is replaced', () => {
  writeFileSync(join(folder, 'name'), 'half');
  expect(readFileSync(stage(folder, 'name', CONTENT))).toEqual(CONTENT);
});
