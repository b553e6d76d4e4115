// The programs of the bundle as the machine has them, with their contract, in a folder where a test or a benchmark can run them.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tarGz } from '../archive.ts';
import { programs } from '../bundle.ts';

const BUILT = join(import.meta.dirname, '../../../../dist/machine');

/** Writes the programs into a folder; everybody may read them there. */
export function writePrograms(folder: string): string {
  for (const { path, content, executable } of programs()) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content);
    chmodSync(file, executable ? 0o755 : 0o644);
  }
  return folder;
}

/** Folder of the programs as they are now, below dist/ and named by their content. Do not write into it. */
export function programsFolder(): string {
  const hash = createHash('sha256').update(tarGz(programs())).digest('hex').slice(0, 16);
  const folder = join(BUILT, hash);
  if (existsSync(folder)) return folder;
  mkdirSync(BUILT, { recursive: true });
  const beside = writePrograms(mkdtempSync(join(BUILT, 'new-')));
  try {
    renameSync(beside, folder);
  } catch (error) {
    rmSync(beside, { recursive: true });
    // Another test file was first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
