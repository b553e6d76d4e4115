// Builds what is deployed into dist/. `npm run build`
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freshDashboard } from '../apps/dashboard/build.ts';
import { explainOnHelp } from '../bootstrap/explain.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { ingressRules } from '../domain/ingress.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { writeArchive } from '../provisioning/machine/bundle/bundle.ts';
import { monitoringFiles } from '../provisioning/monitoring/files.ts';
import { exampleConfig } from '../stacks/configuration/example.ts';
import { brokerBundle } from '../stacks/profiles/machine/bundle.ts';

const BROKER_DIR = join(ROOT, 'dist/broker');
const MONITORING_DIR = join(ROOT, 'dist/monitoring');

/**
 * The broker machine's bundle, as a tree and as the archive that a machine fetches, with the schema's defaults and example addresses.
 * A deployment makes its own from the stack's configuration.
 * @param outdir Default: `dist/broker` in the checkout. Existing files there are removed.
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
    functionAppUrl: 'https://func-example.azurewebsites.net',
  });
  await rm(outdir, { recursive: true, force: true });
  const tree = join(outdir, 'tree');
  for (const { path, content, executable } of bundle.files) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content, { mode: executable ? 0o755 : 0o644 });
  }
  return writeArchive(bundle, outdir);
}

/** Files for somebody's own Prometheus, Alertmanager and Grafana, with example addresses. @returns their folder. */
async function buildMonitoring(): Promise<string> {
  await mkdir(MONITORING_DIR, { recursive: true });
  for (const [name, text] of Object.entries(monitoringFiles())) await writeFile(join(MONITORING_DIR, name), text);
  return MONITORING_DIR;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  explainOnHelp(import.meta.filename);
  for (const build of [buildFunctions, buildBroker, buildMonitoring, freshDashboard])
    console.log(`built ${relative(ROOT, await build())}`);
}
