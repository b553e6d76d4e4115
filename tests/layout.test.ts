// The rules on rooms and literals, in .dependency-cruiser.cjs and biome.json, refuse what they are for.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';

/** Imports that no file may have, and the rule that says so. */
const FORBIDDEN: [from: string, to: string, rule: string][] = [
  // Floors: an arrow never goes up.
  ['domain/a.ts', 'provisioning/b.ts', 'what-domain-may-use'],
  ['provisioning/a.ts', 'components/b.ts', 'what-provisioning-may-use'],
  ['components/a.ts', 'stacks/b.ts', 'what-components-may-use'],
  ['stacks/a.ts', 'functions/b.ts', 'what-stacks-may-use'],
  ['functions/a.ts', 'provisioning/b.ts', 'what-functions-may-use'],
  ['policies/a.ts', 'preview/b.ts', 'what-policies-may-use'],
  ['apps/dashboard/a.ts', 'functions/b.ts', 'what-apps-may-use'],
  ['preview/a.ts', 'stacks/b.ts', 'what-preview-may-use'],
  ['lab/a.ts', 'stacks/b.ts', 'what-lab-may-use'],
  ['bootstrap/a.ts', 'ops/b.ts', 'what-bootstrap-may-use'],
  ['local/a.ts', 'tests/b.ts', 'what-local-may-use'],
  ['ops/a.ts', 'bench/b.ts', 'what-ops-may-use'],
  // The laboratory and the local platform are no part of the product.
  ['functions/c.ts', 'lab/b.ts', 'lab-is-for-tests-benches-and-local'],
  ['ops/c.ts', 'lab/b.ts', 'lab-is-for-tests-benches-and-local'],
  ['components/c.ts', 'local/b.ts', 'local-is-for-tests-and-benches'],
  ['ops/d.ts', 'local/b.ts', 'local-is-for-tests-and-benches'],
  // Jobs of the Function App stand apart.
  ['functions/alerts/a.ts', 'functions/ingest/b.ts', 'what-functions/alerts-may-use'],
  ['functions/control/a.ts', 'functions/worker/b.ts', 'what-functions/control-may-use'],
  ['functions/runtime/a.ts', 'functions/database/b.ts', 'what-functions/runtime-may-use'],
  ['functions/ingest/a.ts', 'functions/broker/consumer.ts', 'one-door-to-the-broker'],
  // What is answered in one place.
  ['ops/e.ts', 'ops/target/stack.ts', 'only-ops-target-finds-platforms'],
  ['ops/f.ts', 'local/instance.ts', 'only-ops-target-finds-platforms'],
  ['provisioning/broker/a.ts', 'provisioning/machine/b.ts', 'broker-knows-no-machine'],
  ['domain/c.ts', 'node:fs', 'domain-is-pure'],
];

/** Lines that no room may have, or only one. */
const ELSEWHERE: [file: string, code: string, rule: string][] = [
  ['functions/ingest/c.ts', 'export const url = process.env.DATABASE_URL;', 'lint/style/noProcessEnv'],
  ['provisioning/c.ts', 'export const url = process.env.DATABASE_URL;', 'lint/style/noProcessEnv'],
  ['stacks/c.ts', 'export const url = process.env.DATABASE_URL;', 'lint/style/noProcessEnv'],
  [
    'stacks/d.ts',
    "import { Config } from '@pulumi/pulumi';\n\nexport const config = new Config();",
    'lint/style/noRestrictedImports',
  ],
  [
    'components/d.ts',
    "import * as pulumi from '@pulumi/pulumi';\n\nexport const stack = pulumi.getStack();",
    'lint/performance/noNamespaceImport',
  ],
  ['ops/g.ts', 'export const both = { ...{ first: 1 }, second: 2 };', 'plugin'],
  ['ops/h.ts', 'export const both = [...[1], 2];', 'plugin'],
];

const house = mkdtempSync(join(tmpdir(), 'layout-'));
const run = (program: string, ...args: string[]) =>
  spawnSync(join(ROOT, 'node_modules/.bin', program), args, { cwd: house, encoding: 'utf8' }).stdout;

function write(path: string, code: string): void {
  mkdirSync(join(house, dirname(path)), { recursive: true });
  writeFileSync(join(house, path), `${code}\n`);
}

let arrows: string[];
let lints: string[];
beforeAll(() => {
  for (const file of ['.dependency-cruiser.cjs', 'biome.json', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, file), join(house, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
  write('tests/no-literal-spread.grit', readFileSync(join(ROOT, 'tests/no-literal-spread.grit'), 'utf8'));
  for (const [, to] of FORBIDDEN) if (to.endsWith('.ts')) write(to, 'export const b = 1;');
  for (const [from, to] of FORBIDDEN) {
    const path = to.endsWith('.ts') ? relative(dirname(from), to) : to;
    write(from, `export * from '${path.startsWith('.') || !to.endsWith('.ts') ? path : `./${path}`}';`);
  }
  for (const room of ['local', 'ops']) write(`${room}/dev.ts`, "export * from 'standardwebhooks';");
  for (const [file, code] of ELSEWHERE) write(file, code);
  const cruised = JSON.parse(run('depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.'));
  arrows = (cruised.summary.violations as { from: string; to: string; rule: { name: string } }[]).map(
    ({ from, to, rule }) => `${from} ${to.replace(/^fs$/, 'node:fs')} ${rule.name}`,
  );
  const found = JSON.parse(run('biome', 'lint', '--reporter=json', '--max-diagnostics=none', '.'));
  lints = (found.diagnostics as { category: string; location: { path: string | { file: string } } }[]).map(
    ({ category, location: { path } }) => `${typeof path === 'string' ? path : path.file} ${category}`,
  );
});
afterAll(() => rmSync(house, { recursive: true }));

it.each(FORBIDDEN)('%s may not import %s', (from, to, rule) => {
  expect(arrows).toContain(`${from} ${to} ${rule}`);
});

it('what npm start installs imports no development package', () => {
  expect(arrows.filter((arrow) => /^(local|ops)\/dev\.ts .* not-to-dev-dep$/.test(arrow))).toHaveLength(2);
});

it.each(ELSEWHERE)('%s may not say %j', (file, _, rule) => {
  expect(lints).toContain(`${file} ${rule}`);
});

it('every room, and every room of functions/, has its rule', () => {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
    forbidden: { name: string }[];
  };
  const names = new Set(forbidden.map(({ name }) => name));
  const free = new Set(['bench', 'tests']);
  const holdingCode = (pattern: string) =>
    globSync(pattern, { cwd: ROOT, exclude: ['node_modules/**', 'dist/**'] }).map(dirname);
  const rooms = new Set([
    ...holdingCode('[a-z]*/**/*.{mjs,ts,tsx}').map((path) => path.split('/')[0] as string),
    ...holdingCode('functions/*/*.ts'),
  ]);
  for (const other of ['functions/testing', ...free]) rooms.delete(other);
  expect([...rooms].filter((room) => !names.has(`what-${room}-may-use`))).toEqual([]);
});
