// A disk of its own for the database, small enough to be filled: tmpfs, which only root may mount.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratchDir } from '../../lab/unprivileged.ts';

/** A mounted disk. */
export interface SmallDisk {
  /** Folder on it. */
  dir: string;
  /** Takes all free space but `leave` bytes. */
  fill(leave: number): void;
  /** Gives that space back. */
  free(): void;
  unmount(): void;
}

/** A new disk, or undefined where none may be mounted. @param megabytes its size. */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const dir = makeScratchDir();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', dir]);
  if (mounted.status !== 0) {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  const filler = join(dir, 'filler');
  mkdirSync(join(dir, 'data'));
  return {
    dir: join(dir, 'data'),
    fill: (leave) => {
      const { bavail, bsize } = statfsSync(dir);
      const file = openSync(filler, 'w');
      const block = Buffer.alloc(1024 * 1024, 1);
      for (let left = bavail * bsize - leave; left > 0; left -= block.length) {
        writeSync(file, block, 0, Math.min(block.length, left));
      }
      closeSync(file); // Held open, its space would not come back.
    },
    free: () => rmSync(filler, { force: true }),
    unmount: () => {
      spawnSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
