// Writes a .tar.gz whose bytes depend on its files only: not on the clock, the user, the order, nor on which zlib a
// Node brings (its output differs between versions and processors; fflate's does not).
import { gzipSync } from 'fflate';

/** A file of the archive. */
export interface ArchiveFile {
  /** Path inside, 1 to 99 characters of ASCII, `/` between folders. */
  path: string;
  content: Uint8Array;
  /** Mode 0755 instead of 0644. */
  executable: boolean;
}

/** POSIX.1-1988 "ustar": 512-byte blocks, a header before each file, two empty blocks at the end. */
const BLOCK = 512;

/** The archive. @throws Error when a path does not fit its header or comes twice. */
export function tarGz(files: readonly ArchiveFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  sorted.forEach(({ path }, index) => {
    if (!/^[\x21-\x7e]{1,99}$/.test(path))
      throw new Error(`bundle: ${JSON.stringify(path)} is not a path of 1 to 99 ASCII`);
    if (path === sorted[index - 1]?.path) throw new Error(`bundle: ${path} comes twice`);
  });
  const tar = Buffer.concat([...sorted.flatMap(entry), Buffer.alloc(2 * BLOCK)]);
  // Stored, and without a time: a bundle is small anyway.
  return Buffer.from(gzipSync(tar, { level: 0, mtime: 0 }));
}

function entry({ path, content, executable }: ArchiveFile): Uint8Array[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(path, 0);
  header.write(octal(executable ? 0o755 : 0o644, 7), 100);
  // Owner and group: root.
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  // Last change: the epoch.
  header.write(octal(0, 11), 136);
  // A checksum is made with blanks in its own place.
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)} `, 148);
  return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
}
