// Partitions made ahead, rows with early and late times, and the way from the default partition to their own.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from './connect.ts';
import { lintDatabase } from './lint.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';

const DAY_MS = 86_400_000;
const tenant = randomUUID();
const device = randomUUID();

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await startTestDatabase();
  client = database.admin;
});
afterAll(() => database.stop());

/** The UTC day `days` from now. */
const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
const partition = (days: number) => `ingest.telemetry_${day(days).replaceAll('-', '')}`;

async function insert(ts: string, on = client): Promise<void> {
  const sql =
    'insert into public.telemetry (tenant_id, device_id, ts, message_id, payload) values ($1, $2, $3, $4, $5)';
  await on.query(sql, [tenant, device, ts, randomUUID(), { at: ts }]);
}

/** Where the readings of a day are. */
async function placeOf(ts: string): Promise<string> {
  const { rows } = await client.query('select tableoid::regclass::text as place from public.telemetry where ts = $1', [
    ts,
  ]);
  return rows[0]?.place;
}

async function partitions(): Promise<string[]> {
  const { rows } = await client.query(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'public.telemetry'::regclass order by 1",
  );
  return rows.map(({ name }) => name);
}

const ensure = async (ahead?: number) =>
  (await client.query(`select ingest.ensure_telemetry_partitions(${ahead ?? ''}) as made`)).rows[0].made as number;

describe('ingest.ensure_telemetry_partitions', () => {
  it('has today and the seven days ahead after the migrations, each a UTC day', async () => {
    const days = [0, 1, 2, 3, 4, 5, 6, 7].map(partition);
    expect(await partitions()).toEqual([...days, 'ingest.telemetry_before', 'ingest.telemetry_default']);
    await client.query("set timezone = 'Pacific/Auckland'");
    await insert(`${day(1)}T00:00:00.000Z`);
    await insert(`${day(1)}T23:59:59.999Z`);
    expect(await placeOf(`${day(1)}T00:00:00.000Z`)).toBe(partition(1));
    expect(await placeOf(`${day(1)}T23:59:59.999Z`)).toBe(partition(1));
  });

  it('makes nothing twice', async () => {
    expect(await ensure()).toBe(0);
    expect(await ensure(7)).toBe(0);
  });

  it('moves early and late rows out of the default partition, and leaves absurd times where they are', async () => {
    const times = { late: `${day(-3)}T12:00:00.000Z`, early: `${day(9)}T12:00:00.000Z` };
    const absurd = {
      '2000-01-01T00:00:00.000Z': 'ingest.telemetry_before',
      '2099-12-31T00:00:00.000Z': 'ingest.telemetry_default',
    };
    for (const ts of [...Object.values(times), ...Object.keys(absurd)]) await insert(ts);
    for (const ts of Object.values(times)) expect(await placeOf(ts)).toBe('ingest.telemetry_default');
    expect(await ensure()).toBe(1);
    expect(await placeOf(times.late)).toBe(partition(-3));
    expect(await placeOf(times.early)).toBe('ingest.telemetry_default');
    expect(await ensure(9)).toBe(2);
    expect(await placeOf(times.early)).toBe(partition(9));
    for (const [ts, place] of Object.entries(absurd)) expect(await placeOf(ts)).toBe(place);
    const { rows } = await client.query('select count(*)::int as n from public.telemetry');
    expect(rows).toEqual([{ n: 6 }]);
  });

  it('keeps the readings of years ago out of the partition that is read through when another is made', async () => {
    await insert(`${day(-61)}T23:59:59.999Z`);
    await insert(`${day(-60)}T00:00:00.000Z`);
    expect(await placeOf(`${day(-61)}T23:59:59.999Z`)).toBe('ingest.telemetry_before');
    expect(await placeOf(`${day(-60)}T00:00:00.000Z`)).toBe('ingest.telemetry_default');
    expect(await ensure(9)).toBe(1);
    expect(await placeOf(`${day(-60)}T00:00:00.000Z`)).toBe(partition(-60));
  });

  it('leaves every partition with forced row-level security and no grants', async () => {
    expect(await lintDatabase(client)).toEqual([]);
    const { rows } = await client.query(
      "select c.relname from pg_class as c, aclexplode(c.relacl) as a where c.relname like 'telemetry_2%' and a.grantee <> c.relowner",
    );
    expect(rows).toEqual([]);
  });

  it('is safe to call from two connections at once', async () => {
    const other = await connect(database.postgres.url);
    try {
      const made = await Promise.all(
        [client, other].map((one) => one.query('select ingest.ensure_telemetry_partitions(14) as made')),
      );
      expect(made.map(({ rows }) => rows[0].made).reduce((sum, n) => sum + n, 0)).toBe(5);
    } finally {
      await other.end();
    }
  });

  it('waits for an open transaction that has written late rows, and moves those too', async () => {
    const other = await connect(database.postgres.url);
    try {
      const ts = `${day(15)}T12:00:00.000Z`;
      await other.query('begin');
      await insert(ts, other);
      const made = ensure(15);
      const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'ensure_telemetry'";
      while ((await other.query(waiting)).rowCount === 0) await sleep(10);
      await other.query('commit');
      expect(await made).toBe(1);
      expect(await placeOf(ts)).toBe(partition(15));
    } finally {
      await other.end();
    }
  });

  it.each([-1, 61, 'null'])('refuses to make %s days', async (days) => {
    await expect(client.query(`select ingest.ensure_telemetry_partitions(${days})`)).rejects.toMatchObject({
      code: '22023',
    });
  });
});

describe('public.telemetry', () => {
  it('has one index a partition', async () => {
    const { rows } = await client.query(
      "select max(n)::int as most from (select count(*) as n from pg_index where indrelid::regclass::text like 'ingest.telemetry_%' group by indrelid) as i",
    );
    expect(rows).toEqual([{ most: 1 }]);
  });
});

describe('ingest.archive_pending', () => {
  it('gives 100 days of a tenant at a time, the oldest first', async () => {
    await client.query(
      `insert into ingest.retired_rows (tenant_id, device_id, ts, message_id, payload, day)
       select $1, $2, now(), n, '{}', date '2020-01-01' + n from generate_series(0, 100) as n`,
      [tenant, device],
    );
    const { rows } = await client.query(
      'select count(*)::int as n, max(day)::text as newest from ingest.archive_pending()',
    );
    expect(rows).toEqual([{ n: 100, newest: '2020-04-09' }]);
  });
});
