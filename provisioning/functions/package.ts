// The Function App's package as one file, named by its id: the same sources are never deployed twice, and what the app says it
// runs can be compared with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zip } from './zip.ts';

/** A package, ready to be deployed. */
export interface FunctionPackage {
  /** A hash of what is in it, hexadecimal. The package itself says it too. */
  id: string;
  /** The .zip. The same files give the same bytes, on any machine. */
  archive: Buffer;
}

/** Packs what was built. @param folder as `buildFunctions` leaves it: files, no folders. */
export function packFunctions(folder: string): FunctionPackage {
  const names = readdirSync(folder).filter((name) => !/\.\d+$/.test(name));
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const { packageId } = JSON.parse(String(files.get('package.json')));
  return { archive: zip(files), id: packageId };
}
