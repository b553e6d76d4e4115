// Brings the broker's two files in line with the registry and makes the broker read them again.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type RegistryEntry, renderRegistry } from './registry.ts';

/** Where the files live and how the broker is told. */
export interface SyncTarget {
  passwordFile: string;
  aclFile: string;
  /** Sends the broker SIGHUP. Called once, after both files are in place, and only when one of them changed. */
  reload: () => void;
}

/**
 * Writes what changed, atomically, then reloads once.
 * @returns true when something changed. @throws before anything is written when an entry is unusable.
 */
export function syncRegistry(entries: readonly RegistryEntry[], target: SyncTarget): boolean {
  const { passwords, acl } = renderRegistry(entries);
  // Rights before credentials: between the two renames a new device can at worst not yet log in.
  const changed = [replaceFile(target.aclFile, acl), replaceFile(target.passwordFile, passwords)].includes(true);
  if (changed) target.reload();
  return changed;
}

/** Replaces a file in one step, readable by its owner only. The broker never sees half a file. */
function replaceFile(path: string, text: string): boolean {
  if (current(path) === text) return false;
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
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
