// The Function App's package: its size, and the time to load it compared with Node's own start, loaded as the host's worker does. The
// starts are in pairs, and their CPU time is compared, too, which other programs disturb less.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../bootstrap/root.mjs';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { median } from './support/quantiles.ts';

const PAIRS = 31;
const MOST_BYTES = 1_500_000;
const MOST_RATIO = 2;
const HOST = join(ROOT, 'tests/support/functions-host.cjs');

/** @param args pairs of starts. Default: 31. Exit code 1 when a bound is exceeded. */
export async function run([pairs = String(PAIRS)]: string[] = []): Promise<void> {
  // Outside the checkout: the package must not find anything in its node_modules.
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-package-'));
  try {
    await buildFunctions(folder);
    const code = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
    const bytes = code.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    console.log(`size: ${(bytes / 1e6).toFixed(2)} MB in ${code.length} files, goal: at most ${MOST_BYTES / 1e6}`);
    const ratios: { wall: number; cpu: number }[] = [];
    for (let pair = 0; pair < Number(pairs); pair++) {
      const [bare, loaded] = [await start(), await start(folder)];
      ratios.push({ wall: loaded.wallMs / bare.wallMs, cpu: loaded.cpuMs / bare.cpuMs });
    }
    const wall = median(ratios.map((ratio) => ratio.wall));
    const cpu = median(ratios.map((ratio) => ratio.cpu));
    console.log(
      `start with the package, of Node's own: ${wall.toFixed(2)} times the time, ${cpu.toFixed(2)} times the CPU ` +
        `(medians of ${pairs} pairs), goal: less than ${MOST_RATIO}`,
    );
    if (bytes > MOST_BYTES || cpu >= MOST_RATIO) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function start(...args: string[]): Promise<{ wallMs: number; cpuMs: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [HOST, ...args], { env: {} });
  return JSON.parse(stdout);
}
