// The linters that come as Python packages (lint-tools.txt), in an environment of their own below .local/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';

const LIST = join(ROOT, 'tests/lint-tools.txt');
const TOOLS = join(ROOT, '.local/.tools');
const TIMEOUT_MS = 300_000;

/**
 * Folder of the programs; installs them, some ten seconds, unless they are there.
 * @throws Error with what Python said when that fails.
 */
export function ensureLintTools(): string {
  const folder = join(TOOLS, `lint-${createHash('sha256').update(readFileSync(LIST)).digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return join(folder, 'bin');
  console.log('installing the linters of Python, shell and SQL (once) ...');
  mkdirSync(TOOLS, { recursive: true });
  const beside = mkdtempSync(join(TOOLS, 'new-'));
  try {
    run('/usr/bin/python3', '-m', 'venv', beside);
    run(
      join(beside, 'bin/python'),
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '-r',
      LIST,
    );
    renameSync(beside, folder);
  } catch (error) {
    // Unless another run was first.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return join(folder, 'bin');
}

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (status !== 0) throw new Error(`the linters could not be installed: ${error?.message ?? stderr.trim()}`);
}
