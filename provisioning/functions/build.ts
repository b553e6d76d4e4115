// Builds the Function App's package into dist/functions, unless it is up to date.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const FUNCTIONS_DIR = join(ROOT, 'dist/functions');
const LOCK_FILE = join(ROOT, 'package-lock.json');

/** Node on the Function App; the bundle's syntax is lowered to it. */
const NODE_TARGET = 'node22';

// CommonJS packages ask for Node's modules with require(), which an ES module lacks. The host provides @azure/functions-core
// through require() as well, so it must be the real one.
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** The host's own settings (https://learn.microsoft.com/azure/azure-functions/functions-host-json). */
const HOST = {
  version: '2.0',
  // More than ingest's own time guard and one transaction need: a run that exceeds it hangs.
  functionTimeout: '00:10:00',
  logging: {
    logLevel: { default: 'Warning', Function: 'Information', 'Host.Results': 'Information' },
    // A summary line that sampling drops would be a hole in the ledger.
    applicationInsights: { samplingSettings: { isEnabled: false } },
  },
  extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
};

const PACKAGE = { name: 'mqtt-saas-functions', private: true, type: 'module', main: 'main.mjs' };

/**
 * The Function App's package: host.json, package.json, and a bundle with its source maps. The bundle has parts: the code that the
 * host waits for, and the code that a function loads when it runs. The same sources give the same bytes wherever they are built, so
 * an unchanged package is not deployed again.
 * @param outdir Default: `dist/functions` in the checkout. Files that do not belong there are removed.
 */
export async function buildFunctions(outdir = FUNCTIONS_DIR): Promise<string> {
  const started = new Date();
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'functions/index.ts' },
    // Always this folder, whatever `outdir` is: the source maps' paths are relative to it.
    outdir: FUNCTIONS_DIR,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: NODE_TARGET,
    // Provided by the host. pg-native is pg's optional C binding, which is never installed here.
    external: ['@azure/functions-core', 'pg-native'],
    // The Kafka client's checksums: the form with the WebAssembly in the code, because a bundle has no file beside it.
    alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
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

/** Names the package after its content. */
function idOf(files: Map<string, Uint8Array>): string {
  const hash = createHash('sha256').update(JSON.stringify(PACKAGE));
  for (const [name, contents] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\0${name}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

/**
 * Builds only if a source or this file is newer than the package: a deployment never uses an outdated package, and an unchanged
 * checkout needs no build.
 */
export async function freshFunctions(outdir = FUNCTIONS_DIR): Promise<string> {
  return (await isFresh(outdir)) ? outdir : buildFunctions(outdir);
}

/** The source maps list the bundle's sources; packages are as old as the lock file. */
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
 * Makes a folder hold exactly these files. An unchanged file is not written again: a program may be running from it.
 * @param asOf time of their sources, which the files get.
 */
async function replaceFolder(dir: string, files: Map<string, Uint8Array>, asOf: Date): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    // A number at the end: a file that another build is about to rename.
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
