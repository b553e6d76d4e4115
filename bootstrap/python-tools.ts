// Programs and modules that come as Python packages, each list in an environment of its own below .local/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './root.mjs';

const TOOLS = join(ROOT, '.local/.tools');
const TIMEOUT_MS = 300_000;

/**
 * Folder of the programs of a list, `python` among them; installs them unless they are there.
 * @param list exact versions, and all that they need; `tests/lint-tools.txt` for example.
 * @throws Error with what Python said when that fails.
 */
export function ensurePythonTools(list: string): string {
  const file = join(ROOT, list);
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
  const folder = join(TOOLS, `${basename(list, '.txt')}-${hash}`);
  if (existsSync(folder)) return join(folder, 'bin');
  console.log(`installing what ${list} lists (once) ...`);
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
      file,
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
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (status === 0) return;
  // `venv` says on stdout which package of Debian it lacks.
  throw new Error(`Python packages could not be installed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}
