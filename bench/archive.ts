// What it takes to archive readings: written, read back, compared, dropped; while batches are stored. Then a query of all that was archived.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { ROOT } from '../bootstrap/root.mjs';
import { generateKey } from '../domain/credentials.ts';
import { openDatabase } from '../functions/database/connection.ts';
import { retire } from '../functions/retention/retire.ts';
import { createLogger } from '../functions/runtime/log.ts';
import { roleUrl } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { addressOf, withConnection } from '../provisioning/database/connect.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { cpuSeconds, familyCpuSeconds, peakMiB } from './support/processes.ts';
import { quantile } from './support/quantiles.ts';

const RETENTION = 30;
/** Rows of a batch that is stored meanwhile, and the pause between two of them, milliseconds. */
const BATCH = 100;
const PAUSE_MS = 50;
/** What the program and the server may take for a million readings, and the slowest of a hundred batches. */
const MOST = { cpuSeconds: 60, mib: 300, commitMs: 2_000, queryMs: 5_000 };

/** @param args number of readings, and over how many days they are spread. Exit code 1 when a bound is exceeded. */
export async function run([readings = '1000000', days = '30']: string[] = []): Promise<void> {
  const postgres = await startScratchPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'archive-bench-'));
  const password = generateKey();
  const key = generateKey();
  try {
    await withConnection(postgres.url, async (client) => {
      await fill(client, Number(readings), Number(days));
      await setLogin(client, 'archive_writer', password);
      await setLogin(client, 'mqtt_ingest', key);
    });
    const env = { DATABASE_URL: roleUrl(postgres.url, 'archive_writer', password), ARCHIVE_STORE: folder };
    const jobsUrl = roleUrl(postgres.url, 'mqtt_ingest', key);
    const serverBefore = familyCpuSeconds(postgres.child.pid!);
    const stored = storeBatches(jobsUrl);
    const { retired, archived } = await retireAndArchive(jobsUrl, env).finally(stored.stop);
    const commits = stored.times;
    const server = familyCpuSeconds(postgres.child.pid!) - serverBefore;
    console.log(`${retired.days} days left their table. ${archived.out.trim()}`);
    const cpu = archived.cpu + server;
    tell('processor time of program and server', cpu, MOST.cpuSeconds * Math.max(1, Number(readings) / 1e6), 's');
    console.log(`  of it the server, with the batches: ${server.toFixed(1)} s`);
    tell('memory of the program', archived.mib, MOST.mib, 'MiB');
    tell(
      `a batch's transaction meanwhile, the slowest of a hundred of ${commits.length}`,
      quantile(commits, 0.99),
      MOST.commitMs,
      'ms',
    );
    console.log(`  the slowest of all: ${Math.max(...commits).toFixed(0)} ms`);
    const sql =
      "select device_id, count(*) as n, avg((payload->>'temperature')::double) as mean from readings group by all order by all";
    const asked = await ops(['archive', 'query', 'bench', sql], env);
    tell('a query of all of it', asked.ms, MOST.queryMs, 'ms');
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  }
}

function tell(what: string, value: number, most: number, unit: string): void {
  const over = value > most;
  console.log(`${what}: ${value.toFixed(1)} ${unit}, at most ${most}${over ? ': EXCEEDED' : ''}`);
  if (over) process.exitCode = 1;
}

async function retireAndArchive(jobsUrl: string, env: Record<string, string>) {
  const jobs = openDatabase(addressOf(jobsUrl));
  const log = createLogger('bench', { level: 'silent', pretty: false });
  const retired = await retire(jobs, log, () => 60_000).finally(() => jobs.close());
  return { retired, archived: await ops(['archive', 'run'], env) };
}

/** Twenty devices of one tenant, in payloads as bench/support/readings.ts has them. */
async function fill(client: Client, readings: number, days: number): Promise<void> {
  await client.query(`
    set timezone = 'UTC';
    update ingest.retention set days = ${RETENTION}, archive = true;
    insert into public.tenants (slug, name) values ('bench', 'Bench');
    insert into public.devices (tenant_id, slug, name) select id, 'd' || n, 'Device ' || n from public.tenants, generate_series(1, 20) as n;
    insert into public.device_status (tenant_id, device_id, last_received_at) select tenant_id, id, clock_timestamp() from public.devices`);
  const each = Math.ceil(readings / days / 20);
  for (let ago = RETENTION + days; ago > RETENTION; ago--) {
    await client.query('select ingest.make_telemetry_partition(current_date - $1::int)', [ago]);
    await client.query(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
       select d.tenant_id, d.id, moment, md5(d.id::text || n), moment + random() * interval '1 second',
         jsonb_build_object('id', d.slug || '-' || n, 'ts', (extract(epoch from moment) * 1000)::bigint,
           'temperature', round((20 + random() * 10)::numeric, 2), 'humidity', round((40 + random() * 10)::numeric, 1),
           'pressure', round((1013 + random() * 8)::numeric, 2), 'battery', 3.71, 'rssi', -60 - floor(random() * 30)::int, 'state', 'running')
       from public.devices as d, generate_series(0, $2::int - 1) as n,
         lateral (select (current_date - $1::int)::timestamptz + n * interval '1 day' / $2::int as moment) as m`,
      [ago, each],
    );
  }
}

/** Stores batches one after the other, as ingest does, until it is told to stop. `times`: how long each took, milliseconds. */
function storeBatches(url: string) {
  let isOver = false;
  const times: number[] = [];
  const running = withConnection(url, async (client) => {
    for (let n = 0; !isOver; n++) {
      const began = performance.now();
      await client.query(
        `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
         select r.tenant_id, r.device_id, clock_timestamp(), $1 || '-' || i, '{"temperature": 20.5}'
         from (select tenant_id, device_id from ingest.registered_devices limit 1) as r, generate_series(1, ${BATCH}) as i`,
        [String(n)],
      );
      times.push(performance.now() - began);
      await sleep(PAUSE_MS);
    }
  });
  const stop = async () => {
    isOver = true;
    await running;
  };
  return { times, stop };
}

/** An operator's command, with what it took. @throws Error with its output when it fails. */
async function ops(args: string[], env: Record<string, string>) {
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'ops/main.ts'), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let cpu = 0;
  let mib = 0;
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  // What the kernel keeps goes with the process: read until the end.
  const reading = setInterval(() => {
    cpu = Math.max(cpu, cpuSeconds(child.pid!));
    mib = Math.max(mib, peakMiB(child.pid!));
  }, 50);
  const [code] = await once(child, 'close');
  clearInterval(reading);
  if (code !== 0) throw new Error(`${args.join(' ')} failed: ${err}`);
  return { out, cpu, mib, ms: performance.now() - began };
}
