// Where a deployment finds the archives that it uploads.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a file whose name tells its content, unless it is there. Whole or not at all: another deployment may be reading.
 * @param folder made when it is missing.
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
