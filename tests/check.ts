// `npm run check`: formatting and lint, types, and the layout (which room may use which), of TypeScript, Python, shell, SQL and
// example environment files.
// Runs all, then reports. `npm run format` (--fix): fixes what a tool can fix by itself.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { explainOnHelp } from '../bootstrap/explain.ts';
import { ensurePythonTools } from '../bootstrap/python-tools.ts';
import { ROOT } from '../bootstrap/root.mjs';

explainOnHelp(import.meta.filename);

type Step = [what: string, program: string, ...args: string[]];

const NOT_OURS = ['node_modules/**', 'dist/**', '.local/**'];
const find = (...patterns: string[]) =>
  patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: NOT_OURS }));

const bin = ensurePythonTools('tests/lint-tools.txt');
const python = (program: string) => join(bin, program);
const npm = (program: string) => join(ROOT, 'node_modules/.bin', program);
const CHECKS: Step[] = [
  ['lint and format', npm('biome'), 'ci', '--error-on-warnings', '.'],
  ['types', npm('tsc'), '--noEmit'],
  ["the dashboard's types", npm('tsc'), '--noEmit', '--project', 'apps/dashboard'],
  ['layout', npm('depcruise'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.'],
  ['Python: lint', python('ruff'), 'check', '--quiet', '--no-cache', '.'],
  ['Python: format', python('ruff'), 'format', '--quiet', '--no-cache', '--diff', '.'],
  ['Python: types', python('python'), '-m', 'mypy', '--no-error-summary'],
  ['shell', python('shellcheck'), ...find('**/*.sh', '.ci/run')],
  ['environment examples', process.execPath, 'ops/lint-env.ts'],
  ['SQL', python('squawk'), '--reporter', 'gcc', ...find('provisioning/database/**/*.sql')],
];
const FIXES: Step[] = [
  ['TypeScript', npm('biome'), 'check', '--write', '.'],
  ['Python: lint', python('ruff'), 'check', '--quiet', '--no-cache', '--fix', '.'],
  ['Python: format', python('ruff'), 'format', '--quiet', '--no-cache', '.'],
];
const STEPS = process.argv.includes('--fix') ? FIXES : CHECKS;

let failed = 0;
for (const [what, program, ...args] of STEPS) {
  console.log(`> ${what}`);
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
console.log(
  failed === 0
    ? 'check: all good'
    : `check: ${failed} of ${STEPS.length} steps failed (npm run format fixes formatting)`,
);
process.exitCode = failed === 0 ? 0 : 1;
