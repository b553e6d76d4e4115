// Builds the dashboard if its sources have changed since the last build.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBuilt } from '../apps/dashboard/build.ts';
import { tryLock } from '../bootstrap/lock.mjs';
import { ROOT } from '../bootstrap/root.mjs';
import { startChild } from '../lab/child.ts';

/** The built dashboard. */
export const DASHBOARD_DIR = join(ROOT, 'dist/dashboard');

const BUILD = join(ROOT, 'apps/dashboard/build.ts');
const WAIT_MS = 200;
/** Lines shown of a failed build. */
const SHOWN_LINES = 15;

/**
 * Builds dist/dashboard unless it is up to date. If two platforms start at once, one builds and the other waits.
 * @throws Error with the last lines of the build's output.
 */
export async function ensureDashboard(): Promise<void> {
  while (!isBuilt()) {
    const lock = await tryLock(BUILD);
    if (lock === undefined) {
      await sleep(WAIT_MS);
      continue;
    }
    try {
      if (!isBuilt()) await build();
    } finally {
      lock.close();
    }
  }
}

async function build(): Promise<void> {
  const child = startChild(process.execPath, [BUILD], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: process.env,
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  // 50 MB that only another build in the same folder would use.
  if (code === 0) return rm(join(ROOT, 'apps/dashboard/.next'), { recursive: true, force: true });
  // The lines that a person can act on, without the places in the build's own code.
  const words = `${out}${err}`.split('\n').filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line));
  throw new Error(
    `the dashboard could not be built (npm run build:dashboard):\n  ${words.slice(-SHOWN_LINES).join('\n  ')}`,
  );
}
