// What a stored reading takes on disk, and what each way to store it smaller would save. docs/usage.md has the answers.
import type { Client } from 'pg';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { median } from './support/quantiles.ts';

const DEVICES = 20;
const ROUNDS = 15;

/** A table of the same readings. */
interface Way {
  name: string;
  columns: string;
  key: string;
  /** Of `source`, in the order of the columns. */
  select: string;
  /** Run when all rows are there: `%` is the table. */
  after?: string;
}

const COLUMNS =
  'tenant_id uuid, device_id uuid, ts timestamptz, message_id text, received_at timestamptz, payload jsonb';
const KEY = 'tenant_id, device_id, ts, message_id';
const SELECT = 's.tenant_id, s.device_id, s.ts, s.message_id, s.received_at, s.payload';

const WAYS: Way[] = [
  { name: 'today', columns: COLUMNS, key: KEY, select: SELECT },
  { name: 'index rebuilt', columns: COLUMNS, key: KEY, select: SELECT, after: 'reindex table %' },
  {
    name: 'index rebuilt, pages full',
    columns: COLUMNS,
    key: KEY,
    select: SELECT,
    after: 'alter index %_pkey set (fillfactor = 100); reindex table %',
  },
  {
    name: 'received_at before message_id',
    columns: 'tenant_id uuid, device_id uuid, ts timestamptz, received_at timestamptz, message_id text, payload jsonb',
    key: KEY,
    select: 's.tenant_id, s.device_id, s.ts, s.received_at, s.message_id, s.payload',
  },
  {
    name: 'message id of 16 bytes',
    columns: COLUMNS.replace('message_id text', 'message_id uuid'),
    key: KEY,
    select: SELECT.replace('s.message_id', 'md5(s.message_id)::uuid'),
  },
  {
    name: 'a number for tenant and device',
    columns: 'device int, ts timestamptz, message_id text, received_at timestamptz, payload jsonb',
    key: 'device, ts, message_id',
    select: 's.device, s.ts, s.message_id, s.received_at, s.payload',
  },
  {
    name: 'payload without ts and id',
    columns: COLUMNS,
    key: KEY,
    select: SELECT.replace('s.payload', "s.payload - 'ts' - 'id'"),
  },
  {
    name: 'payload as JSON text',
    columns: COLUMNS.replace('jsonb', 'json'),
    key: KEY,
    select: SELECT.replace('s.payload', 's.payload::json'),
  },
  { name: 'payload with lz4', columns: COLUMNS.replace('jsonb', 'jsonb compression lz4'), key: KEY, select: SELECT },
];

/** @param args number of readings. Default: 200,000. */
export async function run([readings = '200000']: string[] = []): Promise<void> {
  const postgres = await startScratchPostgres({ migrate: false });
  try {
    await withConnection(postgres.url, async (client) => {
      await fill(client, Number(readings) / DEVICES);
      const made: { way: Way; table: string }[] = [];
      for (const [n, way] of WAYS.entries()) {
        const table = `way_${n}`;
        try {
          await make(client, table, way);
          made.push({ way, table });
        } catch (error) {
          console.log(`${way.name}: ${(error as Error).message}`);
        }
      }
      const times = await readInTurns(
        client,
        made.map(({ table }) => table),
      );
      const [first] = await sizesOf(client, 'way_0');
      console.log(`${'bytes a reading'.padEnd(34)}   table   index     all   part  a device's day`);
      for (const { way, table } of made) {
        const [all, heap, index] = await sizesOf(client, table);
        const numbers = [heap, index, all].map((bytes) => bytes!.toFixed(0).padStart(8)).join('');
        const time = times.get(table)! / times.get('way_0')!;
        console.log(
          `${way.name.padEnd(34)}${numbers}${(all! / first!).toFixed(2).padStart(7)}${time.toFixed(2).padStart(16)}`,
        );
      }
    });
  } finally {
    await postgres.stop();
  }
}

/** As the simulated devices send: all in turns, a reading with a time, an id and two values. */
const fill = (client: Client, each: number) =>
  client.query(
    `create table source as
     select '11111111-2222-4333-8444-555555555555'::uuid as tenant_id, md5('device ' || d)::uuid as device_id, d as device,
       m.ts, left(encode(sha256((d || ' ' || m.ts)::bytea), 'base64'), 22) as message_id, m.ts + interval '40 ms' as received_at,
       jsonb_build_object('id', gen_random_uuid(), 'ts', to_char(m.ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'temperature', round((20 + 5 * sin(n / 900.0))::numeric, 2), 'humidity', round((50 + 9 * cos(n / 700.0))::numeric, 2)) as payload
     from generate_series(1, $1::int) as n
     cross join lateral (select timestamptz '2026-11-29Z' + n * interval '1 second' as ts) as m
     cross join generate_series(1, ${DEVICES}) as d order by n, d`,
    [each],
  );

/** Filled row by row in the order of receipt, with its key there, so that its index grows as ingest's does. */
async function make(client: Client, table: string, { columns, key, select, after }: Way): Promise<void> {
  await client.query(`create table ${table} (${columns}, primary key (${key}))`);
  await client.query(`insert into ${table} select ${select} from source as s`);
  if (after) await client.query(after.replaceAll('%', table));
  await client.query(`vacuum analyze ${table}`);
}

/** Bytes a row: all, the table, its index. */
async function sizesOf(client: Client, table: string): Promise<number[]> {
  const { rows } = await client.query<{ sizes: number[] }>(
    `select array[pg_total_relation_size($1::regclass), pg_table_size($1::regclass), pg_indexes_size($1::regclass)]::float8[] as sizes`,
    [table],
  );
  const [{ n } = { n: 0 }] = (await client.query<{ n: number }>('select count(*)::int as n from source')).rows;
  return rows[0]!.sizes.map((bytes) => bytes / n);
}

/** Milliseconds to read a device's day with its payloads, the tables in turns. */
async function readInTurns(client: Client, tables: string[]): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(tables.map((table) => [table, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const table of tables) {
      const isNumbered = table === `way_${WAYS.findIndex(({ key }) => key.startsWith('device,'))}`;
      const device = isNumbered
        ? 'device = 7'
        : `tenant_id = '11111111-2222-4333-8444-555555555555' and device_id = md5('device 7')::uuid`;
      const began = performance.now();
      await client.query(
        `select max(ts), sum((payload ->> 'temperature')::float8) from ${table} where ${device} and ts >= '2026-11-29Z'`,
      );
      times.get(table)!.push(performance.now() - began);
    }
  return new Map([...times].map(([table, all]) => [table, median(all)]));
}
