// `npm run check`: formatting and lint, types, and the layout (which room may use which). Runs all, then reports.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';

const STEPS: [what: string, program: string, ...args: string[]][] = [
  ['lint and format', 'biome', 'ci', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit'],
  ["the dashboard's types", 'tsc', '--noEmit', '--project', 'apps/dashboard'],
  ['layout', 'depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.'],
];

let failed = 0;
for (const [what, program, ...args] of STEPS) {
  console.log(`> ${what}`);
  const { status } = spawnSync(join(ROOT, 'node_modules/.bin', program), args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
console.log(
  failed === 0
    ? 'check: all good'
    : `check: ${failed} of ${STEPS.length} steps failed (npm run format fixes formatting)`,
);
process.exitCode = failed === 0 ? 0 : 1;
