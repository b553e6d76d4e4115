// Builds the dashboard into dist/dashboard: static files that any host serves. `npm run build:dashboard`
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sourcesHash } from '../../provisioning/dashboard/sources.ts';
import { assertFirstLoads } from './first-load.ts';
import { writeHeaders } from './headers.ts';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');
const OUTDIR = join(ROOT, 'dist/dashboard');
/** Which sources it is built of. Beside the site, which is served whole. */
const STAMP = `${OUTDIR}.sources`;

/**
 * The static export, checked for size; what was in dist/dashboard is removed.
 * @returns its folder.
 * @throws Error when it does not build, or a route loads more script than it may.
 */
function buildDashboard(): string {
  const hash = buildId();
  const env = {
    ...process.env,
    NODE_ENV: 'production' as const,
    NEXT_TELEMETRY_DISABLED: '1',
    // Otherwise Next.js runs `npm install` when it misses a package, and installs everything.
    CI: '1',
    DASHBOARD_BUILD_ID: hash,
  };
  const next = join(ROOT, 'node_modules/next/dist/bin/next');
  const { status, stdout, stderr } = spawnSync(process.execPath, [next, 'build', HERE], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the dashboard does not build:\n${stdout}${stderr}`);
  for (const { page, bytes } of assertFirstLoads(join(HERE, 'out'))) {
    console.log(`${String(Math.round(bytes / 1000)).padStart(5)} kB  ${page}`);
  }
  rmSync(STAMP, { force: true });
  rmSync(OUTDIR, { recursive: true, force: true });
  cpSync(join(HERE, 'out'), OUTDIR, { recursive: true });
  writeHeaders(OUTDIR);
  writeFileSync(STAMP, hash);
  return OUTDIR;
}

/** The same, built only when its sources have changed since. Says so, because it takes some twenty seconds. */
export function freshDashboard(): string {
  if (isBuilt()) return OUTDIR;
  console.log('building the dashboard ...');
  return buildDashboard();
}

/** True when the build there is of these very sources. */
export function isBuilt(): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === buildId();
}

/** A hash of the sources; short enough for the pages' addresses. */
const buildId = () => sourcesHash().slice(0, 20);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  buildDashboard();
  console.log('built dist/dashboard');
}
