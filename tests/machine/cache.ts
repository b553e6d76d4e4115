// Where what takes long to make is kept between runs: outside the repository, in the user's cache folder.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_CACHE_HOME/mqtt-saas/machine`, else below `~/.cache`. May be deleted at any time when no test runs. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mqtt-saas', 'machine');

/** An entry that nobody has used for so long is removed when a new one is made. Milliseconds. */
const UNUSED_MS = 3 * 86_400_000;

/**
 * The folder of the entry that `inputs` describe; `make` fills a new one, which appears whole or not at all, so that two
 * runs may make it at once.
 */
export async function cached(name: string, inputs: unknown, make: (folder: string) => Promise<void>): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const folder = join(CACHE, `${name}-${key}`);
  if (!existsSync(folder)) {
    removeUnused();
    const beside = `${folder}.${process.pid}.new`;
    mkdirSync(beside, { recursive: true, mode: 0o755 });
    try {
      await make(beside);
      if (!existsSync(folder)) renameSync(beside, folder);
    } finally {
      try {
        rmSync(beside, { recursive: true, force: true });
      } catch {
        // A build that was cut short may have left something mounted in it. Its own error says more.
      }
    }
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}

function removeUnused(): void {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE)) {
    const folder = join(CACHE, name);
    if (Date.now() - statSync(folder).mtimeMs > UNUSED_MS) rmSync(folder, { recursive: true, force: true });
  }
}
