// What a stored row takes, by the size of its payload, and what a look at a dashboard costs the database, by the readings of its chart.
import type { Client } from 'pg';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { callRequest, type Request, send } from '../support/postgrest.ts';
import { runMs } from '../support/processes.ts';
import { type Filled, fillTelemetry } from '../support/telemetry-fill.ts';
import type { Measured } from './broker.ts';
import { line } from './point.ts';

/** Fields of a payload; the model is fitted to the first and third. */
const FIELDS = [4, 8, 16, 32] as const;
const ROWS = 60_000;
const DEVICES = 300;
/** Days of a chart; the model is fitted to the first and last. */
const DAYS = [0.25, 0.5, 1] as const;
/** A reading a minute of each device, for a week. */
const FLEET = { tenants: 20, devicesPerTenant: 5 };
const ROUNDS = 200;
const DAY_MS = 86_400_000;

export async function measureRows(): Promise<Measured> {
  const postgres = await startScratchPostgres({ migrate: false });
  try {
    return await withConnection(postgres.url, async (client) => {
      const seen: { payload: number; row: number }[] = [];
      for (const fields of FIELDS) {
        seen.push(await fillTable(client, fields));
        console.log(
          `  a payload of ${seen.at(-1)!.payload.toFixed(0)} bytes: ${seen.at(-1)!.row.toFixed(0)} bytes a row`,
        );
      }
      const [first, second, third, last] = seen as [Seen, Seen, Seen, Seen];
      const fit = line([first.payload, first.row], [third.payload, third.row]);
      return {
        fitted: { rowFixedBytes: fit.at0, rowBytesPerPayloadByte: fit.slope },
        points: [second, last].map(({ payload, row }) => ({
          what: `bytes of a row with ${payload.toFixed(0)} bytes of payload`,
          load: { devices: 1, messageBytes: payload },
          of: ({ database }) => database.bytesPerRow,
          measured: row,
        })),
      };
    });
  } finally {
    await postgres.stop();
  }
}

type Seen = { payload: number; row: number };

/** In the order of receipt, with its key there, so that the index grows as ingest's does. */
async function fillTable(client: Client, fields: number): Promise<Seen> {
  await client.query(`
    create table way (tenant_id uuid, device_id uuid, ts timestamptz, message_id text, received_at timestamptz, payload jsonb,
      primary key (tenant_id, device_id, ts, message_id))`);
  const text = Array.from(
    { length: fields },
    (_, n) => `"field${n}":' || round((20 + 7 * sin(n * ${n + 1}))::numeric, 2) || '`,
  );
  const sql = `'{${text.join(',')}}'`;
  await client.query(
    `insert into way select md5('tenant ' || d % 10)::uuid, md5('device ' || d)::uuid, m.ts,
       left(encode(sha256((d || ' ' || m.ts)::bytea), 'base64'), 22), m.ts + interval '40 ms', (${sql})::jsonb
     from generate_series(1, ${ROWS / DEVICES}) as n
     cross join lateral (select timestamptz '2026-11-29Z' + n * interval '1 minute' as ts) as m
     cross join generate_series(1, ${DEVICES}) as d order by n, d`,
  );
  const { rows } = await client.query<Seen>(
    `select (pg_total_relation_size('way') / ${ROWS}::float8) as row,
       (select avg(octet_length(${sql}))::float8 from generate_series(1, 200) as n) as payload`,
  );
  await client.query('drop table way');
  return rows[0]!;
}

/** What the page of a device asks every 15 seconds: the list of devices, and a chart. */
export async function measurePolls(): Promise<Measured> {
  const postgres = await startScratchPostgres();
  try {
    return await withConnection(postgres.url, async (client) => {
      const devices = FLEET.tenants * FLEET.devicesPerTenant;
      const { tenants } = await fillTelemetry(client, devices * 7 * 24 * 60, FLEET);
      const seen: { readings: number; seconds: number }[] = [];
      for (const days of DAYS) {
        const seconds = await pollSeconds(client, tenants, days);
        seen.push({ readings: days * 24 * 60, seconds });
        console.log(
          `  a page with a chart of ${days * 24 * 60} readings: ${(seconds * 1000).toFixed(2)} ms of the database`,
        );
      }
      const [first, second, last] = seen.map(({ readings, seconds }) => [readings, seconds] as const);
      const fit = line(first!, last!);
      const [readings, measured] = second!;
      return {
        fitted: { pollFixedSeconds: fit.at0, pollSecondsPerReading: fit.slope },
        points: [
          {
            what: `a page's chart of ${readings} readings`,
            load: { devices: 0, messagesPerMinute: readings / (24 * 60), dashboards: 15 },
            of: ({ database }) => database.readCores,
            measured,
          },
        ],
      };
    });
  } finally {
    await postgres.stop();
  }
}

async function pollSeconds(client: Client, tenants: Filled['tenants'], days: number): Promise<number> {
  const pid = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
  const page = async (number: number) => {
    const { id, member, device } = tenants[number % tenants.length]!;
    const until = Date.now();
    const chart = callRequest(
      'device_chart',
      { device_id: 'uuid', field: 'text', since: 'timestamptz', until: 'timestamptz' },
      {
        device_id: device,
        field: 'temperature',
        since: new Date(until - days * DAY_MS).toISOString(),
        until: new Date(until).toISOString(),
      },
    );
    for (const request of [statuses(id), chart]) await send(client, { sub: member }, request);
  };
  for (let round = 0; round < 40; round++) await page(round);
  const before = runMs(pid);
  for (let round = 0; round < ROUNDS; round++) await page(round);
  return (runMs(pid) - before) / 1000 / ROUNDS;
}

const statuses = (tenant: string): Request => ({
  name: 'statuses',
  source: `select "device_id", "last_received_at", "gaps", "clock_skew", "newest" from "public"."device_newest"
    where "tenant_id" = $1 order by "device_id" limit 1000 offset 0`,
  values: [tenant],
});
