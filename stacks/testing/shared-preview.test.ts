// Two callers share one preview; its inputs decide which one.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { digest, keyOf, sharedPreview } from './shared-preview.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A project in a folder of its own; its program counts how often it ran. */
function project(name: string, config = 'config: {}'): { stack: string; root: string; policyPack: false } {
  const root = join(folder, name);
  mkdirSync(root);
  const program = join(folder, 'program.mjs');
  const ran = join(folder, 'ran');
  writeFileSync(program, `import { appendFileSync } from 'node:fs'; appendFileSync('${ran}', '.');`);
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(
    join(root, 'Pulumi.yaml'),
    `name: p\nruntime: { name: nodejs, options: { typescript: false } }\nmain: ${program}\n`,
  );
  writeFileSync(join(root, 'Pulumi.dev.yaml'), config);
  return { stack: 'dev', root, policyPack: false };
}

test('two simultaneous requests make one preview and get the same', async () => {
  const link = join(folder, 'node_modules');
  mkdirSync(link);
  symlinkSync(join(ROOT, 'node_modules/@pulumi'), join(link, '@pulumi'));
  const asked = ['a', 'b', 'c'].map((name) => sharedPreview(project(name)));
  const [first, ...others] = await Promise.all(asked);
  for (const other of others) expect(other.plan).toEqual(first?.plan);
  expect(readFileSync(join(folder, 'ran'), 'utf8')).toBe('.');
});

describe('the key', () => {
  test('is the same for the same content, wherever it is', () => {
    expect(keyOf(project('d'), 's')).toBe(keyOf(project('e'), 's'));
  });

  test.each([
    ['another stack file', () => keyOf(project('f', 'config: { p:a: 1 }'), 's')],
    ['another source', () => keyOf(project('g'), 't')],
    ['a policy pack', () => keyOf({ ...project('h'), policyPack: join(ROOT, 'preview/fixtures/policies') }, 's')],
  ])('is another one for %s', (name, key) => {
    expect(key()).not.toBe(keyOf(project(`${name} beside`), 's'));
  });
});

test('a changed, new or removed source changes the digest; build output does not', () => {
  const sources = join(folder, 'sources');
  const seen = new Set<string>();
  const write = (path: string, text: string) => {
    mkdirSync(join(sources, path, '..'), { recursive: true });
    writeFileSync(join(sources, path), text);
    return digest(sources);
  };
  seen.add(write('stacks/index.ts', 'one'));
  seen.add(write('stacks/index.ts', 'two'));
  seen.add(write('components/a.ts', 'one'));
  seen.add(write('package-lock.json', '{}'));
  expect(seen.size).toBe(4);
  const last = digest(sources);
  expect(write('apps/dashboard/out/index.html', 'x')).toBe(last);
  rmSync(join(sources, 'components/a.ts'));
  expect(digest(sources)).not.toBe(last);
});
