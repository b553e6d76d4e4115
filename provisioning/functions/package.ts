// The Function App's package as one file, named by its hash: the same sources are never deployed twice.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zip } from './zip.ts';

/** A package, ready to be deployed. */
export interface FunctionPackage {
  /** SHA-256 of the archive, hexadecimal. */
  hash: string;
  /** The .zip. The same files give the same bytes, on any machine. */
  archive: Buffer;
}

/** Packs what was built. @param folder as `buildFunctions` leaves it: files, no folders. */
export function packFunctions(folder: string): FunctionPackage {
  const names = readdirSync(folder).filter((name) => !/\.\d+$/.test(name));
  const archive = zip(new Map(names.map((name) => [name, readFileSync(join(folder, name))])));
  return { archive, hash: createHash('sha256').update(archive).digest('hex') };
}
