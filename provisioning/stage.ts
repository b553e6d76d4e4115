// Where a deployment finds the archives that it uploads.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a file that is named after its content, unless it exists. It appears whole or not at all: another deployment may read it.
 * @param folder made if it is missing.
 * @returns the file's path.
 */
export function stage(folder: string, name: string, content: Uint8Array): string {
  const path = join(folder, name);
  if (existsSync(path) && readFileSync(path).equals(content)) return path;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
