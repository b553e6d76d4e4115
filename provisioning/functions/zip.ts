// Writes a .zip whose bytes depend on its files only: not on the clock, the user, their order or a zlib version (the content is
// stored, not compressed). Format: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
import { crc32 } from 'node:zlib';

/** "2.0": the format version that a reader must know. */
const VERSION = 20;
/** The same, written on Unix: the external attributes then hold a mode. */
const MADE_BY = (3 << 8) | VERSION;
/** A plain file that everybody may read: 0100644. Without it, a Linux host unpacks files that nobody may read. */
const MODE = 0o100644;
/** The first day that the format can express, 1980-01-01. */
const DAY_ONE = 0x0021;

/** @param files content by path: 1 to 255 ASCII characters, `/` between folders. @throws Error if a path does not fit. */
export function zip(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^[\x21-\x7e]{1,255}$/.test(path))
      throw new Error(`zip: ${JSON.stringify(path)} is not a path of 1 to 255 ASCII characters`);
    const name = Buffer.from(path);
    const facts = describe(name, content);
    const local = [number(0x04034b50, 4), facts, name, content];
    directory.push(
      number(0x02014b50, 4),
      number(MADE_BY, 2),
      facts,
      // Comment, disk, internal attributes: none.
      Buffer.alloc(6),
      number(MODE * 2 ** 16, 4),
      number(offset, 4),
      name,
    );
    body.push(...local);
    offset += lengthOf(local);
  }
  const end = [
    number(0x06054b50, 4),
    Buffer.alloc(4),
    number(files.size, 2),
    number(files.size, 2),
    number(lengthOf(directory), 4),
    number(offset, 4),
    Buffer.alloc(2),
  ];
  return Buffer.concat([...body, ...directory, ...end]);
}

/** The fields that both headers of a file share. */
function describe(name: Buffer, content: Uint8Array): Buffer {
  return Buffer.concat([
    number(VERSION, 2),
    // No flags, stored, midnight.
    Buffer.alloc(6),
    number(DAY_ONE, 2),
    number(crc32(content), 4),
    number(content.length, 4),
    number(content.length, 4),
    number(name.length, 2),
    // No extra field.
    Buffer.alloc(2),
  ]);
}

function number(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

const lengthOf = (parts: Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);
