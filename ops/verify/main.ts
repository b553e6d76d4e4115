// `npm run verify`: checks a local platform or a deployed stack end to end.
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { colorsFor } from '../../bootstrap/colors.ts';
import { findTarget, targetOption } from '../target/find.ts';
import type { CheckResult } from './check.ts';
import { whatToVerify } from './target.ts';
import { verify } from './verify.ts';

const program = new Command('npm run verify --')
  .description('Checks a running platform end to end, as devices and intruders see it.')
  .addOption(targetOption().makeOptionMandatory())
  .option('--json [file]', 'write the results as JSON to the file, or to standard output')
  .option('--debug', 'show stack traces')
  .addHelpText(
    'after',
    `
Two scratch tenants are added to the registry for the run and removed afterwards, with their rows; a stack's, to the
database of DATABASE_URL.

Examples:
  npm run verify -- --target local
  npm run verify -- --target local --json results.json
  npm run verify -- --target dev

Exit codes: 0 every check passed, 1 a check failed, 2 the checks could not be run.`,
  )
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const options = program.parse().opts<{ target: string; json?: string | true; debug?: true }>();
const colors = colorsFor(process.stdout);
const quiet = options.json === true;

try {
  const target = whatToVerify(findTarget(options.target));
  const results = await verify(target, quiet ? {} : { onResult: printResult });
  const failed = results.filter(({ passed }) => !passed).length;
  const report = JSON.stringify({ target: target.name, passed: failed === 0, checks: results }, null, 2);
  if (quiet) console.log(report);
  else console.log(`\n${results.length - failed} passed, ${failed} failed`);
  if (typeof options.json === 'string') writeFileSync(options.json, `${report}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(options.debug ? error : `error: ${(error as Error).message}`);
  process.exitCode = 2;
}

function printResult({ passed, title, detail }: CheckResult): void {
  const mark = passed ? colors.green('✓') : colors.red('✗');
  console.log(`${mark} ${title.padEnd(55)} ${passed ? colors.dim(detail) : colors.red(detail)}`);
}
