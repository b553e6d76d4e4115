// A file or folder that several processes need and one makes, whichever asks first.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Resolves when `target` is there. Of those who ask at once one makes it and the others wait.
 * @param make fills `partial`, which becomes `target` when it is whole. What it throws reaches the asker whose turn it was;
 *   the next one tries again.
 */
export async function madeOnce(target: string, make: (partial: string) => Promise<void>): Promise<void> {
  const maker = `${target}.maker`;
  const partial = `${target}.partial`;
  for (;;) {
    if (existsSync(target)) return;
    if (begin(maker)) break;
    await sleep(POLL_MS);
  }
  try {
    // Another may have finished between the look and the turn.
    if (existsSync(target)) return;
    rmSync(partial, { recursive: true, force: true });
    await make(partial);
    renameSync(partial, target);
  } finally {
    rmSync(maker, { force: true });
  }
}

/** True for the one whose turn it is; a maker that died loses its turn. */
function begin(maker: string): boolean {
  try {
    writeFileSync(maker, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(maker, 'utf8')), 0);
    } catch {
      rmSync(maker, { force: true });
    }
    return false;
  }
}
