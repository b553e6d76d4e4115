// Writes a .zip whose bytes depend on its files only: not on the clock, the user, their order or a zlib version (the content is
// stored, not compressed).
import { zipSync } from 'fflate';

/** A plain file, written on Unix, that everybody may read: without the mode, a Linux host unpacks files that nobody may read. */
const PLAIN_FILE = { os: 3, attrs: 0o100644 << 16 };
/** The first day that the format can express, by the local clock that it is written with. */
const DAY_ONE = new Date(1980, 0, 1);

/** @param files content by path: 1 to 255 ASCII characters, `/` between folders. @throws Error if a path does not fit. */
export function zip(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path] of sorted)
    if (!/^[\x21-\x7e]{1,255}$/.test(path))
      throw new Error(`zip: ${JSON.stringify(path)} is not a path of 1 to 255 ASCII characters`);
  return Buffer.from(zipSync(Object.fromEntries(sorted), { level: 0, mtime: DAY_ONE, ...PLAIN_FILE }));
}
