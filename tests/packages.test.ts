// What `npm start`, `verify` and `ops` need is in package.json's `dependencies`: the rest is not installed for them.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';

const { scripts, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};

const programs = Object.values(scripts)
  .filter((script) => script.includes('--packages platform'))
  .map((script) => script.split(' ').at(-1)!);
/** What those start as processes of their own, or build. */
const others = [
  'local/front-door/main.ts',
  'functions/index.ts',
  'apps/dashboard/build.ts',
  'apps/dashboard/next.config.ts',
];

/** A dynamic import is not followed: such code installs the package first. */
const atItsStart: Plugin = {
  name: 'at its start',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^/ }, ({ kind }) => (kind === 'dynamic-import' ? { external: true } : undefined)),
};

/** The packages that a program imports when it starts. */
async function packagesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
    outdir: 'dist/never',
    logLevel: 'silent',
    plugins: [atItsStart],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const names = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
  return [...new Set(names.filter((path) => !isBuiltin(path)).map(packageName))].sort();
}

const packageName = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');

test.each([...programs, ...others])('%s starts with the packages of the platform', async (entry) => {
  const packages = await packagesOf(entry);
  expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
});

test('the check sees what a program imports', async () => {
  expect(programs).toContain('local/main.ts');
  expect(await packagesOf('local/main.ts')).toEqual(expect.arrayContaining(['commander', 'esbuild', 'mqtt', 'pg']));
  expect(await packagesOf('stacks/index.ts')).toContain('@pulumi/pulumi');
});
