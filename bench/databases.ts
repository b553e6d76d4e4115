// Where readings may lie when there are many: in one table, in a table a day, or in two databases that share the tenants. The same rows,
// the same two writers. docs/scale.md has the answers.
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { connect } from '../provisioning/database/connect.ts';
import { familyCpuSeconds } from './support/processes.ts';
import { median, quantile } from './support/quantiles.ts';
import { timed } from './support/timed.ts';

const DEVICES = 10_000;
/** Devices of the second half are the second writer's, and in two databases the second one's. */
const HALVES = [0, 1] as const;
const DAYS = 7;
/** Readings of each device that are written while it is measured, in transactions of this many devices. */
const STEPS = 30;
const BATCH = 5000;
const QUERIES = 400;

/** A way to keep them. */
interface Way {
  name: string;
  isByDay: boolean;
  servers: 1 | 2;
}

const WAYS: Way[] = [
  { name: 'one table', isByDay: false, servers: 1 },
  { name: 'a table a day', isByDay: true, servers: 1 },
  { name: 'two databases, a table a day', isByDay: true, servers: 2 },
];

interface Result {
  rowsPerSecond: number;
  /** Of the database, seconds for a million rows. */
  cpu: number;
  walBytes: number;
  queryMs: number;
  queryMs95: number;
  dropMs: number;
}

/** @param args `--rows N`: readings that are there before it is measured. Default: 10000000. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({ args, options: { rows: { type: 'string', default: '10000000' } } });
  const results: [Way, Result][] = [];
  for (const way of WAYS) results.push([way, await measure(way, Number(values.rows))]);
  const [[, first]] = results as [[Way, Result]];
  console.log(`\n${'of one table'.padEnd(30)}  rows/s     CPU     log   query   p95    a day dropped`);
  for (const [{ name }, result] of results) {
    const parts = (Object.keys(first) as (keyof Result)[]).map((key) =>
      (result[key] / first[key]).toFixed(2).padStart(7),
    );
    console.log(`${name.padEnd(30)} ${parts.join(' ')}`);
  }
}

async function measure({ name, isByDay, servers }: Way, rows: number): Promise<Result> {
  const running: RunningPostgres[] = [];
  const clients: Client[] = [];
  try {
    for (let n = 0; n < servers; n++) running.push(await startScratchPostgres({ migrate: false }));
    for (const half of HALVES) clients.push(await connect(running[half % servers]!.url));
    const steps = Math.ceil(rows / DEVICES);
    await Promise.all(
      running.map((_, n) => fill(clients[n]!, { isByDay, steps, halves: servers === 2 ? [n as 0 | 1] : HALVES })),
    );
    const cpu = () => running.reduce((sum, { child }) => sum + familyCpuSeconds(child.pid!), 0);
    const wal = async () => (await Promise.all(clients.slice(0, servers).map(walOf))).reduce((sum, n) => sum + n, 0);
    const before = { cpu: cpu(), wal: await wal() };
    const ms = await timed(() => Promise.all(HALVES.map((half) => write(clients[half]!, half))));
    const written = STEPS * DEVICES;
    const after = { cpu: cpu(), wal: await wal() };
    const times: number[] = [];
    for (let n = 0; n < QUERIES; n++) {
      const device = Math.floor(Math.random() * DEVICES);
      times.push(await timed(() => chart(clients[halfOf(device)]!, device)));
    }
    const oldest = `timestamptz '2026-11-22Z' + interval '1 day'`;
    const dropMs = await timed(() =>
      Promise.all(
        clients
          .slice(0, servers)
          .map((client) => client.query(isByDay ? 'drop table r_0' : `delete from r where ts < ${oldest}`)),
      ),
    );
    const result = {
      rowsPerSecond: (written / ms) * 1000,
      cpu: ((after.cpu - before.cpu) / written) * 1e6,
      walBytes: (after.wal - before.wal) / written,
      queryMs: median(times.slice(QUERIES / 2)),
      queryMs95: quantile(times.slice(QUERIES / 2), 0.95),
      dropMs,
    };
    console.log(
      `${name}: ${result.rowsPerSecond.toFixed(0)} rows/s, ${result.cpu.toFixed(1)} s of processor time a million, ` +
        `${result.walBytes.toFixed(0)} bytes of log a row; a day's chart ${result.queryMs.toFixed(2)} ms, ` +
        `95 % ${result.queryMs95.toFixed(2)} ms; a day dropped in ${result.dropMs.toFixed(0)} ms`,
    );
    return result;
  } finally {
    for (const client of clients) await client.end().catch(() => {});
    for (const { stop } of running) await stop();
  }
}

const halfOf = (device: number): 0 | 1 => (device < DEVICES / 2 ? 0 : 1);

const walOf = async (client: Client) =>
  Number((await client.query<{ n: string }>("select pg_current_wal_lsn() - '0/0'::pg_lsn as n")).rows[0]!.n);

const COLUMNS = `tenant_id uuid not null, device_id uuid not null, ts timestamptz not null, message_id text not null,
  received_at timestamptz not null, payload jsonb not null`;

/** The readings of one time, of some devices. @param ts SQL. */
const rowsOf = (ts: string, first: number, end: number) => `
  select md5('tenant ' || d / 50)::uuid, md5('device ' || d)::uuid, ${ts}, left(encode(sha256((d || ' ' || ${ts})::bytea), 'base64'), 22),
    ${ts}, jsonb_build_object('temperature', 20 + d % 10, 'humidity', 55, 'state', 'running', 'battery', 3.71)
  from generate_series(${first}, ${end} - 1) as d`;

interface Filling {
  isByDay: boolean;
  steps: number;
  halves: readonly (0 | 1)[];
}

/** A week, all devices in turns. The key comes last, with pages as full as it leaves them when it grows row by row. */
async function fill(client: Client, { isByDay, steps, halves }: Filling): Promise<void> {
  await client.query(`create table r (${COLUMNS}) ${isByDay ? 'partition by range (ts)' : ''}`);
  for (let day = 0; isByDay && day <= DAYS; day++)
    await client.query(
      `create table r_${day} partition of r for values from ('2026-11-22Z'::timestamptz + interval '${day} days') to ('2026-11-22Z'::timestamptz + interval '${day + 1} days')`,
    );
  const [first, end] = [(DEVICES / 2) * halves[0]!, (DEVICES / 2) * (halves.at(-1)! + 1)];
  const every = (DAYS * 86_400) / steps;
  await client.query(
    `insert into r select a.* from generate_series(0, ${steps} - 1) as n
     cross join lateral (${rowsOf(`timestamptz '2026-11-22Z' + n * interval '${every} seconds'`, first, end)}) as a`,
  );
  await client.query('alter table r add primary key (tenant_id, device_id, ts, message_id) with (fillfactor = 70)');
  await client.query('vacuum analyze r');
  await client.query('checkpoint');
}

/** One writer, as ingest writes: a transaction of a batch after the other, in the order of time. */
async function write(client: Client, half: 0 | 1): Promise<void> {
  const first = (DEVICES / 2) * half;
  for (let step = 0; step < STEPS; step++)
    for (let from = first; from < first + DEVICES / 2; from += BATCH)
      await client.query(
        `insert into r ${rowsOf(`timestamptz '2026-11-29Z' + ${step} * interval '1 minute'`, from, from + BATCH)}`,
      );
}

/** What the page of a device shows: a mean for each of 120 bars of its last day. */
const chart = (client: Client, device: number) =>
  client.query(
    `select date_bin('12 minutes', ts, timestamptz '2026-11-22Z') as bar, avg((payload ->> 'temperature')::float8), count(*) from r
     where tenant_id = md5('tenant ' || $1::int / 50)::uuid and device_id = md5('device ' || $1::int)::uuid
       and ts >= timestamptz '2026-11-29 00:30Z' - interval '1 day' and ts < timestamptz '2026-11-29 00:30Z'
     group by 1 order by 1`,
    [device],
  );
