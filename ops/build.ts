// Builds what is deployed into dist/. `npm run build`
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ingressRules } from '../domain/ingress.ts';
import { writeArchive } from '../provisioning/broker/bundle/bundle.ts';
import { brokerBundle } from '../stacks/broker-bundle.ts';
import { exampleConfig } from '../stacks/example.ts';

const ROOT = join(import.meta.dirname, '..');
const FUNCTIONS_DIR = join(ROOT, 'dist/functions');
const BROKER_DIR = join(ROOT, 'dist/broker');

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
  files.set('package.json', json(PACKAGE));
  await replaceFolder(outdir, files);
  return outdir;
}

/**
 * The broker machine's bundle as a tree and as the archive a machine fetches, with the schema's defaults and example
 * addresses. A deployment makes its own, from its stack's configuration.
 * @param outdir Default: `dist/broker` in the checkout. What was there is removed.
 * @returns the archive's path.
 */
export async function buildBroker(outdir = BROKER_DIR): Promise<string> {
  const config = exampleConfig();
  const bundle = brokerBundle({
    config,
    ingress: ingressRules(config),
    brokerHost: 'mqtt.example.com',
    vault: { uri: 'https://kv-example.vault.azure.net' },
    storage: { brokerStateUrl: 'https://stexample.blob.core.windows.net/broker-state' },
    bundles: { url: 'https://stexample.blob.core.windows.net/broker-bundles' },
  });
  await rm(outdir, { recursive: true, force: true });
  const tree = join(outdir, 'tree');
  for (const { path, content, executable } of bundle.files) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content, { mode: executable ? 0o755 : 0o644 });
  }
  return writeArchive(bundle, outdir);
}

/** Makes a folder hold exactly these files. One that is there already is left alone: a program may be running from it. */
async function replaceFolder(dir: string, files: Map<string, Uint8Array>): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    // A number at the end: another build's file that is about to be renamed.
    if (!files.has(name) && !/\.\d+$/.test(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
  for (const [name, contents] of files) {
    const path = join(dir, name);
    const present = await readFile(path).catch(() => undefined);
    if (present?.equals(contents)) continue;
    await writeFile(`${path}.${process.pid}`, contents);
    await rename(`${path}.${process.pid}`, path);
  }
}

const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of [await buildFunctions(), await buildBroker()]) console.log(`built ${relative(ROOT, path)}`);
}
