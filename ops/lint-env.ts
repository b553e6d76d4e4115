// `npm run lint:env`: refuses environment files whose secrets are weak, default or shared, or whose lines programs read differently.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ROOT } from '../bootstrap/root.mjs';
import { lintEnv } from './lint-env/lint.ts';

const program = new Command('npm run lint:env --')
  .description('Checks environment files line by line. Values are never shown.')
  .argument('[files...]', 'files to check (default: every example of this repository, *.env.example)')
  .addHelpText(
    'after',
    `
A secret may be left empty: a program that needs it then refuses to start.

Examples:
  npm run lint:env
  npm run lint:env -- /etc/mqtt-saas/worker.env

Exit codes: 0 nothing to change, 1 something to change, 2 the command was not understood.`,
  )
  .exitOverride()
  .action((files: string[]) => {
    const named = files.length > 0 ? files : examples();
    let found = 0;
    for (const file of named) {
      for (const { line, key, message } of lintEnv(readFileSync(file))) {
        found++;
        console.log(`${file}:${line}: ${key ? `${key} ` : ''}${message}`);
      }
    }
    const checked = named.length === 1 ? '1 file' : `${named.length} files`;
    console.log(found === 0 ? `${checked}: nothing to change` : `${checked}: ${found} to change`);
    process.exitCode = found === 0 ? 0 : 1;
  });

/** @throws Error where there is no example: a check of nothing would always pass. */
function examples(): string[] {
  const { stdout } = spawnSync('git', ['-C', ROOT, 'ls-files', '*.env.example'], { encoding: 'utf8' });
  const files = (stdout ?? '').split('\n').filter(Boolean);
  if (files.length === 0) throw new Error('found no *.env.example in this repository: name the files to check');
  return files.map((file) => `${ROOT}/${file}`);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
