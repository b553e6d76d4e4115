// A preview is made once in a test run, whichever file and worker asks first: most files look at the same few plans, and each takes
// seconds. It is stored under the hash of everything that it is made from, in a folder of the run (tests/build.setup.ts).
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { madeOnce } from '../../lab/made-once.ts';
import { type Preview, preview } from '../../preview/preview.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the run's previews. */
    previews: string;
  }
}

/** What the program, the policy pack and the preview itself consist of. */
const SOURCES = [
  'apps',
  'components',
  'domain',
  'functions',
  'policies',
  'preview',
  'provisioning',
  'stacks',
  'package-lock.json',
  'Pulumi.README.md',
];
const NO_SOURCE = new Set(['node_modules', 'dist', 'out', '.next', '.wrangler']);

/** What is previewed: a folder with Pulumi.yaml and the stack file. The program is this checkout's. */
export interface Shared {
  stack: string;
  root: string;
  policyPack: string | false;
}

/** @throws as `preview` does; a failed preview is not stored. */
export async function sharedPreview(options: Shared): Promise<Preview> {
  sources ??= digest(ROOT);
  const file = join(inject('previews'), `${keyOf(options, sources)}.json`);
  await madeOnce(file, async (partial) => writeFileSync(partial, JSON.stringify(await preview(options))));
  return JSON.parse(readFileSync(file, 'utf8')) as Preview;
}

let sources: string | undefined;

/** @param sources digest of the checkout's sources. */
export function keyOf({ stack, root, policyPack }: Shared, sources: string): string {
  const files = ['Pulumi.yaml', `Pulumi.${stack}.yaml`].map((name) => readFileSync(join(root, name), 'utf8'));
  const pack = policyPack === false ? '' : digest(policyPack, ['.']);
  return createHash('sha256')
    .update(JSON.stringify([sources, stack, ...files, pack]))
    .digest('hex');
}

/** Of the paths and contents of a folder's sources. */
export function digest(folder: string, names = SOURCES): string {
  const hash = createHash('sha256');
  const files = names.flatMap((name) => filesOf(join(folder, name)));
  for (const file of files)
    hash
      .update(`${file.slice(folder.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

/** The path itself, or the files below it; links are not followed. */
function filesOf(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return [path];
  if (!found?.isDirectory()) return [];
  const names = readdirSync(path).filter((name) => !NO_SOURCE.has(name));
  return names.sort().flatMap((name) => filesOf(join(path, name)));
}
