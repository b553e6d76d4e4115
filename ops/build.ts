// Builds what is deployed into dist/. `npm run build`
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

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
 * The Function App's package: host.json, package.json, one bundle and its source map. The same sources give the same
 * bytes, so an unchanged package is not deployed again, and its files are not touched: a worker may be running them.
 * @param outdir Default: `dist/functions` in the checkout. What else is in it is removed.
 */
export async function buildFunctions(outdir = join(ROOT, 'dist/functions')): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['functions/index.ts'],
    outfile: join(outdir, 'main.mjs'),
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
    write: false,
  });
  const files = new Map<string, string>([
    ...outputFiles.map(({ path, text }) => [basename(path), text] as const),
    ['host.json', json(HOST)],
    ['package.json', json(PACKAGE)],
  ]);
  await mkdir(outdir, { recursive: true });
  for (const name of await readdir(outdir)) {
    if (!files.has(name) && !name.endsWith('.new')) await rm(join(outdir, name), { recursive: true });
  }
  for (const [name, text] of files) await replaceFile(join(outdir, name), text);
  return outdir;
}

/** In one step, and only when it differs. */
async function replaceFile(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  const partial = `${path}.${process.pid}.new`;
  await writeFile(partial, text);
  await rename(partial, path);
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(`built ${relative(ROOT, await buildFunctions())}`);
}
