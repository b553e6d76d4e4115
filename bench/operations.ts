// What operators look at, on a large platform: `ops daily`, and a scrape of the metrics.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ROOT } from '../bootstrap/root.mjs';
import { makePages } from '../functions/health/pages.ts';
import { readHealthSettings } from '../functions/settings/health.ts';
import { startLab } from '../lab/lab.ts';
import { median } from './support/quantiles.ts';
import { fillTelemetry } from './support/telemetry-fill.ts';

const HELP = `What operators look at, with 1,000 tenants, 10,000 devices and a day of ledger.

usage: npm run bench -- operations [--rows N]

  --rows  readings of the last week. Default: 10000000, which need 5 GB in the temporary folder
`;

const SHAPE = { tenants: 1_000, devicesPerTenant: 10 };
const ROUNDS = 10;
const GOALS_MS = { daily: 5_000, scrape: 200 };

/** @param args see HELP. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { rows: { type: 'string', default: '10000000' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return console.log(HELP);
  const lab = await startLab({ devices: 1 });
  try {
    const { rows } = await fillTelemetry(lab.admin, Number(values.rows), SHAPE);
    console.log(`${SHAPE.tenants} tenants, ${SHAPE.tenants * SHAPE.devicesPerTenant} devices, ${rows} readings`);

    const help = await ops(lab.adminUrl, 'daily', '--help');
    const daily = await ops(lab.adminUrl, 'daily');
    console.log(`ops daily: ${daily.toFixed(0)} ms, of which ${help.toFixed(0)} to start; goal: ${GOALS_MS.daily}`);

    const pages = makePages(readHealthSettings(lab.env('operations')));
    const times: number[] = [];
    await pages.metrics();
    for (let round = 0; round < ROUNDS; round++) {
      // What was found is kept for a second.
      await sleep(1_100);
      const begun = performance.now();
      const { body } = await pages.metrics();
      times.push(performance.now() - begun);
      if (!/^mqtt_saas_db_up 1$/m.test(body)) throw new Error('the database did not answer a scrape in time');
    }
    await pages.close();
    console.log(
      `a scrape: median ${median(times).toFixed(0)} ms, longest of ${ROUNDS} ${Math.max(...times).toFixed(0)}; goal: ${GOALS_MS.scrape}`,
    );
    if (daily > GOALS_MS.daily || Math.max(...times) > GOALS_MS.scrape) process.exitCode = 1;
  } finally {
    await lab.stop();
  }
}

/** Milliseconds of a command. Its exit code 1 only says that something needs a person. */
async function ops(database: string, ...args: string[]): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, ['ops/main.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: database },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0 && code !== 1) throw new Error(`ops ${args.join(' ')} ended with ${code}`);
  return performance.now() - begun;
}
