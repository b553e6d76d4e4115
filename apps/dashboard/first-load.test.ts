import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertFirstLoads, firstLoads, MOST_BYTES } from './first-load.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'first-load-'));
  mkdirSync(join(dir, 'admin'));
  writeFileSync(join(dir, 'a.js'), randomBytes(1000));
  writeFileSync(join(dir, 'large.js'), randomBytes(MOST_BYTES));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const page = (name: string, ...scripts: string[]) =>
  writeFileSync(join(dir, name), scripts.map((script) => `<script ${script}></script>`).join(''));

test("a page's scripts are counted once each, without old browsers' polyfills and what is preloaded", () => {
  page('admin/x.html', 'src="/a.js" async=""', 'src="/a.js?v=1"', 'src="/large.js" noModule=""');
  const [first] = firstLoads(dir);
  expect(first?.page).toBe('admin/x.html');
  expect(first?.bytes).toBeGreaterThan(1000);
  expect(first?.bytes).toBeLessThan(1100);
  expect(() => assertFirstLoads(dir)).not.toThrow();
});

test('a page that loads more than it may fails the build, by name', () => {
  page('admin/x.html', 'src="/a.js"');
  page('index.html', 'src="/large.js"');
  expect(() => assertFirstLoads(dir)).toThrow(/first load: index\.html: \d+\./);
});

test('an export without a page is a failure', () => {
  expect(() => assertFirstLoads(dir)).toThrow(/no page/);
});
