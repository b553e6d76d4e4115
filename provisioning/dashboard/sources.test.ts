// Which changes lead to a new site, and which do not.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourcesHash } from './sources.ts';

let root: string;
const write = (file: string, content: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
};
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sources-'));
  for (const file of ['package-lock.json', 'domain/topics.ts', 'apps/dashboard/app/page.tsx']) write(file, 'as it was');
});
afterAll(() => rmSync(root, { recursive: true }));

it.each([
  'package-lock.json',
  'domain/topics.ts',
  'apps/dashboard/app/page.tsx',
  'apps/dashboard/functions/api/new.ts',
])('a change of %s does', (file) => {
  const before = sourcesHash(root);
  write(file, 'another');
  expect(sourcesHash(root)).not.toBe(before);
});

it.each([
  'apps/dashboard/out/index.html',
  'apps/dashboard/.next/trace.json',
  'apps/dashboard/.wrangler/tmp/a.js',
  'apps/dashboard/next-env.d.ts',
  'apps/dashboard/app/page.test.tsx',
  'stacks/index.ts',
])('%s does not', (file) => {
  const before = sourcesHash(root);
  write(file, 'another');
  expect(sourcesHash(root)).toBe(before);
});
