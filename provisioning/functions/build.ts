// Builds the Function App's package into dist/functions, or leaves it when nothing changed since.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const FUNCTIONS_DIR = join(ROOT, 'dist/functions');
const LOCK_FILE = join(ROOT, 'package-lock.json');

/** Node on the Function App; the bundle's syntax is lowered to it. */
const NODE_TARGET = 'node22';

// Packages in CommonJS ask for Node's modules with require(), which an ES module lacks. The host, too, hands out
// @azure/functions-core through require(), so it must be the real one.
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** The host's own settings (https://learn.microsoft.com/azure/azure-functions/functions-host-json). */
const HOST = {
  version: '2.0',
  // Beyond ingest's own time guard and one transaction: a run that exceeds it hangs.
  functionTimeout: '00:10:00',
  logging: {
    logLevel: { default: 'Warning', Function: 'Information', 'Host.Results': 'Information' },
    // A summary line that is sampled away is a hole in the ledger.
    applicationInsights: { samplingSettings: { isEnabled: false } },
  },
  extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
};

const PACKAGE = { name: 'mqtt-saas-functions', private: true, type: 'module', main: 'main.mjs' };

/**
 * The Function App's package: host.json, package.json, and a bundle with its source maps. The bundle is in pieces: what the
 * host waits for, and what is imported when a function runs. The same sources give the same bytes, wherever they are built,
 * so an unchanged package is not deployed again.
 * @param outdir Default: `dist/functions` in the checkout. Files that do not belong there are removed.
 */
export async function buildFunctions(outdir = FUNCTIONS_DIR): Promise<string> {
  const started = new Date();
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'functions/index.ts' },
    // Always this place, whatever `outdir` is: the source maps' paths are relative to it.
    outdir: FUNCTIONS_DIR,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: NODE_TARGET,
    // Provided by the host. pg-native is pg's optional C binding, never installed here.
    external: ['@azure/functions-core', 'pg-native'],
    banner: { js: REQUIRE_BANNER },
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const files = new Map<string, Uint8Array>(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  files.set('host.json', json(HOST));
  files.set('package.json', json({ ...PACKAGE, packageId: idOf(files) }));
  await replaceFolder(outdir, files, started);
  return outdir;
}

/** Names the package by what is in it. */
function idOf(files: Map<string, Uint8Array>): string {
  const hash = createHash('sha256').update(JSON.stringify(PACKAGE));
  for (const [name, contents] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\0${name}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

/**
 * The same, built only when a source or this file is newer than what is there: a deployment never takes up an old package,
 * and one of an unchanged checkout need not wait for a build.
 */
export async function freshFunctions(outdir = FUNCTIONS_DIR): Promise<string> {
  return (await isFresh(outdir)) ? outdir : buildFunctions(outdir);
}

/** The source maps list what the bundle was made from; what came from packages is as old as the lock file. */
async function isFresh(outdir: string): Promise<boolean> {
  try {
    const maps = (await readdir(outdir)).filter((name) => name.endsWith('.map'));
    const read = async (map: string) =>
      (JSON.parse(await readFile(join(outdir, map), 'utf8')) as { sources: string[] }).sources;
    const sources = (await Promise.all(maps.map(read))).flat();
    const own = sources.filter((source) => !/node_modules|^webpack:/.test(source));
    const inputs = [import.meta.filename, LOCK_FILE, ...own.map((source) => resolve(FUNCTIONS_DIR, source))];
    const { mtimeMs: built } = await stat(join(outdir, 'main.mjs'));
    const times = await Promise.all(inputs.map(async (path) => (await stat(path)).mtimeMs));
    return times.every((time) => time <= built);
  } catch {
    return false;
  }
}

/**
 * Makes a folder hold exactly these files. One that is there already is left alone: a program may be running from it.
 * @param asOf time of the sources they were made from; the files get it.
 */
async function replaceFolder(dir: string, files: Map<string, Uint8Array>, asOf: Date): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    // A number at the end: another build's file that is about to be renamed.
    if (!files.has(name) && !/\.\d+$/.test(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
  for (const [name, contents] of files) {
    const path = join(dir, name);
    const present = await readFile(path).catch(() => undefined);
    if (!present?.equals(contents)) {
      await writeFile(`${path}.${process.pid}`, contents);
      await rename(`${path}.${process.pid}`, path);
    }
    await utimes(path, asOf, asOf);
  }
}

const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
