// The Function App's package as one file, named after its id: the same sources are never deployed twice, and the id that the app
// reports can be compared.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zip } from './zip.ts';

/** A package, ready for deployment. */
export interface FunctionPackage {
  /** Hash of the content, hexadecimal. The package itself reports it, too. */
  id: string;
  /** The .zip. The same files give the same bytes, on any machine. */
  archive: Buffer;
}

/** Packs a build. @param folder as `buildFunctions` leaves it: files, no folders. */
export function packFunctions(folder: string): FunctionPackage {
  const names = readdirSync(folder).filter((name) => !/\.\d+$/.test(name));
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const { packageId } = JSON.parse(String(files.get('package.json')));
  return { archive: zip(files), id: packageId };
}
