// `ops db size`: what fills the database, how fast it grows, until when it has room, and what to do before it is full.
import { Command } from 'commander';
import type { Client } from 'pg';
import { withConnection } from '../provisioning/database/connect.ts';
import { PRICES } from './cost/bill.ts';
import { GROW_DAYS, megabytes } from './daily/judge.ts';
import { megabytesOf, roomOf } from './daily.ts';
import { HEADROOM } from './scale/sizes.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** How large it is. Bytes; `kept` null: no reading is removed. */
export interface Size {
  bytes: number;
  telemetryBytes: number;
  /** Roll-ups, and what they take once the oldest of each kind are removed. */
  rollupBytes: number;
  settledRollupBytes: number;
  /** A whole day of readings. */
  bytesPerDay: number;
  /** In the last seven days; null: not measured yet. */
  growth: number | null;
  kept: number | null;
}

/** A reading in a Parquet file with ZSTD takes at most this part of what it takes in the database. */
const PARQUET = 1 / 5;

/** What to do, a line each; the first begins with "stay" where nothing is to be done. @param room undefined: not known. */
export function adviseSize(
  { bytes, telemetryBytes, rollupBytes, settledRollupBytes, bytesPerDay, growth, kept }: Size,
  room: number | undefined,
): string[] {
  const others = Math.max(0, bytes - telemetryBytes - rollupBytes) + Math.max(rollupBytes, settledRollupBytes);
  const settled = kept === null ? Number.POSITIVE_INFINITY : others + bytesPerDay * (kept + 1);
  const perDay = Math.max(growth ?? bytesPerDay, 0);
  const grows = `grows ${megabytes(perDay)} a day`;
  if (room === undefined) return [`${grows}; how large it may become is not known: give --database-mb`];
  const level = kept === null ? '' : `, ${megabytes(Math.max(settled, bytes))} once ${kept} days of readings are there`;
  const isRoomy = bytes <= room * HEADROOM;
  if (isRoomy && settled <= room * HEADROOM) return [`stay: ${grows}${level}; there is room for ${megabytes(room)}`];
  const days = perDay > 0 ? Math.max(0, Math.floor((room - bytes) / perDay)) : Number.POSITIVE_INFINITY;
  const full = days > 3650 ? 'not full for years' : `full in ${days} days`;
  if (isRoomy && days > GROW_DAYS) return [`stay: ${grows}, ${full}`];
  const fitting = bytesPerDay > 0 ? Math.floor((room * HEADROOM - others) / bytesPerDay) - 1 : 0;
  const { free, pro } = PRICES.supabase;
  const larger = Math.ceil(
    Math.max(0, (Number.isFinite(settled) ? settled : bytes) / HEADROOM - pro.databaseMb * 1e6) / 1e9,
  );
  return [
    `act: ${megabytes(bytes)} of ${megabytes(room)}, ${grows}${level}; ${full}. One of:`,
    fitting >= 1
      ? `shorten retention: ${fitting} days of readings fit${kept === null ? '' : `, now ${kept} are kept`}: retention --days ${fitting}. No cost`
      : 'shorten retention: too little, other tables fill it, see above',
    `archive: older days go to Blob storage, a month of readings for ${usd((bytesPerDay * 30 * PARQUET * PRICES.blobPerGb.price) / 1e9)} a month`,
    room <= free.databaseMb * 1e6
      ? `grow: Supabase Pro has room for ${megabytes(pro.databaseMb * 1e6)}, ${usd(pro.price)} a month`
      : `grow: ${Math.max(1, larger)} GB more, ${usd(Math.max(1, larger) * PRICES.supabase.perGbMore)} a month`,
    `(${PRICES.currency}, list prices of ${PRICES.read})`,
  ];
}

const usd = (price: number) => (price < 0.01 ? 'less than 0.01' : price.toFixed(2));

const SIZE = `
  with day as (
    select c.relname as name, pg_total_relation_size(c.oid) as bytes
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'public.telemetry'::regclass
  ), rollups as (
    -- As many of each kind as yesterday, for as long as they are kept. Without statistics a row counts as 600 bytes.
    select c.size as bytes, least(coalesce(c.size / nullif(greatest(c.reltuples, 0), 0), 600), 3000) * sum(r.day * r.days)::float8 as settled
    from (
      select extract(day from access.rollup_retention(s.step)) as days, (
        select count(*) from public.telemetry_rollups as r
        where r.step = s.step and r.bucket >= current_date - 1 and r.bucket < current_date) as day
      from unnest(array[60, 3600, 86400]) as s (step)
    ) as r
    cross join (
      select reltuples, pg_total_relation_size(oid)::float8 as size from pg_class where oid = 'public.telemetry_rollups'::regclass) as c
    group by c.size, c.reltuples
  )
  select pg_database_size(current_database())::float8 as bytes, (select coalesce(sum(d.bytes), 0)::float8 from day as d) as "telemetryBytes",
    (select r.bytes from rollups as r) as "rollupBytes", (select r.settled from rollups as r) as "settledRollupBytes",
    (select coalesce(avg(d.bytes), 0)::float8 from day as d
     where d.name between to_char(now() - interval '7 days', '"telemetry_"YYYYMMDD')
       and to_char(now() - interval '1 day', '"telemetry_"YYYYMMDD')) as "bytesPerDay",
    (ingest.usage_figures() ->> 'database_growth_bytes_per_day')::float8 as growth, (select r.days from ingest.retention as r) as kept`;

/** All partitions of a table are one line. */
const TABLES = `
  select coalesce(i.inhparent, c.oid)::regclass::text as name, sum(pg_table_size(c.oid))::float8 as bytes,
    sum(pg_indexes_size(c.oid))::float8 as indexes, sum(case when c.reltuples >= 0 then c.reltuples end)::float8 as rows
  from pg_class as c left join pg_inherits as i on i.inhrelid = c.oid
  where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('public', 'ingest', 'broker', 'access')
  group by 1 order by sum(pg_total_relation_size(c.oid)) desc limit 8`;

const DAYS = `
  select to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as name, pg_table_size(c.oid)::float8 as bytes,
    pg_indexes_size(c.oid)::float8 as indexes, case when c.reltuples >= 0 then c.reltuples end::float8 as rows
  from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
  where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '^telemetry_[0-9]{8}$'
    and c.relname <= to_char(now(), '"telemetry_"YYYYMMDD') order by 1 desc limit 14`;

/** By what they stored lately. A payload is not all of a row: a reading counts as 200 bytes more. */
const TENANTS = `
  select t.slug as name, sum(u.bytes + 200 * u.readings)::float8 / sum(sum(u.bytes + 200 * u.readings)) over () as part
  from public.usage_days as u join public.tenants as t on t.id = u.tenant_id
  where u.day > current_date - 30 and u.readings > 0 group by 1 order by 2 desc, 1 limit 8`;

interface Line {
  name: string;
  bytes: number;
  indexes: number;
  rows: number | null;
}

interface Options extends TargetOptions {
  databaseMb?: number;
}

/** Shows what fills the database. */
export const sizeCommand = () =>
  withTarget(new Command('size'))
    .description('what fills the database, how fast it grows, and what to do before it is full')
    .option('--database-mb <n>', "megabytes that the database's plan or disk has room for", megabytesOf)
    .action(async ({ databaseMb, ...options }: Options) => {
      const place = findPlace(options);
      await withConnection(place.database, async (client) => {
        const all = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows;
        const size = await readSize(client);
        console.log(`${megabytes(size.bytes)} in all, of which      table     index`);
        for (const line of await all<Line>(TABLES)) console.log(describe(line));
        console.log('readings by day of their device');
        for (const line of await all<Line>(DAYS)) console.log(describe(line));
        console.log('tenants, by what they stored in the last 30 days');
        for (const { name, part } of await all<{ name: string; part: number }>(TENANTS))
          console.log(
            `  ${name.padEnd(34)}${megabytes(part * size.telemetryBytes).padStart(10)}   about ${Math.round(part * 100)} %`,
          );
        const [first, ...rest] = adviseSize(size, await roomOf(place, size.bytes, databaseMb));
        console.log(first);
        for (const line of rest) console.log(`  ${line}`);
      });
    });

/** What the database says of itself. */
export const readSize = async (client: Client) => (await client.query<Size>(SIZE)).rows[0]!;

/** Postgres counts a table's rows now and then; null: not yet. */
function describe({ name, bytes, indexes, rows }: Line): string {
  const counted = rows === null ? 'rows not counted yet' : `about ${Math.round(rows).toLocaleString('en-US')} rows`;
  return `  ${name.padEnd(26)}${megabytes(bytes).padStart(10)}${megabytes(indexes).padStart(10)}   ${counted}`;
}
