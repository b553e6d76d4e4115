// Brings the broker's registry file in line with the registry. The gate notices by itself.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type RegistryEntry, renderRegistry } from './registry.ts';

/**
 * Replaces the file in one step, readable by its owner only, when the registry changed: the broker never sees half a file.
 * @param prepare is given the new file before it takes its place, such as to change its owner.
 * @returns true when something changed. @throws before anything is written when an entry is unusable.
 */
export function syncRegistry(
  entries: readonly RegistryEntry[],
  file: string,
  prepare: (file: string) => void = () => {},
): boolean {
  const text = renderRegistry(entries);
  if (current(file) === text) return false;
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  prepare(`${file}.new`);
  renameSync(`${file}.new`, file);
  return true;
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
