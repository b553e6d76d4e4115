// What tenants used is counted once, whatever stops the counting, comes late, or is removed; and past days take less room.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readDatabaseUrl } from '../../domain/database-url.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { makeWorld, type World } from '../../provisioning/database/testing/world.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { countUsage } from './count.ts';
import { packReadings } from './pack.ts';

let rig: TestDatabase;
let database: Database;
let world: World;
beforeAll(async () => {
  rig = await startTestDatabase();
  world = await makeWorld(rig.admin);
  database = openDatabase(readDatabaseUrl(rig.postgres.url, { readFile: () => '' }));
});
afterAll(async () => {
  await database.close();
  await rig.stop();
});
beforeEach(() =>
  rig.admin.query(`
    delete from public.ingest_ledger; delete from public.dead_letters; delete from public.dead_letter_counts;
    delete from public.notifications; delete from public.alerts; delete from public.device_commands;
    delete from public.usage_days; delete from ingest.usage_due;
    update ingest.usage_progress set counted_until = now() - interval '3 days', began_at = null`),
);

/** Noon of a past day. */
const noon = (daysAgo: number) =>
  `(date_trunc('day', now() at time zone 'UTC') - interval '${daysAgo} days' + interval '12 hours') at time zone 'UTC'`;
const receive = (at: string, readings: number, bytes: number, tenant = world.a.id) =>
  rig.admin.query(
    `select ingest.add_to_ledger(${at}, array[$1::uuid], array[$2::int8 + 3], array[$2::int8], array[1::int8], array[0::int8], array[2::int8],
       array[$3::int8])`,
    [tenant, readings, bytes],
  );
const count = (leftMs?: () => number) => countUsage(database, keepLog().log, leftMs);
const days = async (tenant = world.a.id) =>
  (
    await rig.admin.query(
      `select (now() at time zone 'UTC')::date - day as ago, readings::int, bytes::int, over_quota::int as over, letters::int, alerts::int,
         notifications::int as told, commands::int from public.usage_days where tenant_id = $1 order by day`,
      [tenant],
    )
  ).rows;
const NONE = { readings: 0, bytes: 0, over: 0, letters: 0, alerts: 0, told: 0, commands: 0 };

test('each day has what was stored, left out, told and asked for in it; counting again changes nothing', async () => {
  const { id, device, rule, channel } = world.a;
  for (const ago of [2, 2, 1]) await receive(noon(ago), 10, 1234);
  await receive('now()', 1, 50, world.b.id);
  await rig.admin.query(
    `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint, received_at)
     select $1, 't', 'x', 'not-json', 'n' || n, ${noon(1)} from generate_series(1, 3) as n`,
    [id],
  );
  await rig.admin.query(
    `insert into public.dead_letter_counts (tenant_id, hour, reason, not_kept, removed) values ($1, ${noon(1)}, 'not-json', 4, 1)`,
    [id],
  );
  await rig.admin.query(
    `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, message) values ($1, $2, $3, ${noon(2)}, now(), 'm')`,
    [id, rule, device],
  );
  await rig.admin.query(
    `insert into public.notifications (tenant_id, channel_id, transition, content, state, created_at, finished_at)
     values ($1, $2, 'test', '{}', 'sent', ${noon(2)}, ${noon(1)}), ($1, $2, 'test', '{}', 'failed', ${noon(1)}, ${noon(1)})`,
    [id, channel],
  );
  await rig.admin.query(
    `insert into public.device_commands (tenant_id, device_id, payload, requested_at) values ($1, $2, '{}', ${noon(1)})`,
    [id, device],
  );
  await count();
  const expected = [
    { ...NONE, ago: 2, readings: 20, bytes: 2468, over: 4, alerts: 1 },
    { ...NONE, ago: 1, readings: 10, bytes: 1234, over: 2, letters: 8, told: 1, commands: 1 },
  ];
  expect(await days()).toEqual(expected);
  expect(await days(world.b.id)).toEqual([{ ...NONE, ago: 0, readings: 1, bytes: 50, over: 2 }]);
  await rig.admin.query("update ingest.usage_progress set counted_until = now() - interval '3 days'");
  await count();
  expect(await days()).toEqual(expected);
});

test('a batch says of each tenant how many readings are new, and the bytes of these alone', async () => {
  const insert = async (...readings: [tenant: typeof world.a, id: string, payload: string][]) => {
    const { rows } = await rig.admin.query(
      `select tenant_id as id, stored::int, bytes::int from ingest.insert_readings($1::uuid[], $2::uuid[], array_fill(now() - interval '1 hour', array[$5::int]),
         $3::text[], array_fill(now(), array[$5::int]), $4::text[]) order by stored`,
      [
        ...[({ id }: World['a']) => id, ({ device }: World['a']) => device].map((of) =>
          readings.map(([tenant]) => of(tenant)),
        ),
        readings.map(([, id]) => id),
        readings.map(([, , payload]) => payload),
        readings.length,
      ],
    );
    return rows;
  };
  const { a, b } = world;
  await rig.admin.query('begin');
  expect(await insert([a, '1', '{}'], [a, '2', '{"t": 1}'], [b, '1', '{ }'])).toEqual([
    { id: b.id, stored: 1, bytes: 3 },
    { id: a.id, stored: 2, bytes: 10 },
  ]);
  // One that is there, and one twice.
  expect(await insert([a, '1', '{}'], [a, '3', '{"u": 12}'], [a, '3', '{"u": 345678}'], [b, '1', '{}'])).toEqual([
    { id: a.id, stored: 1, bytes: 9 },
  ]);
  await rig.admin.query('rollback');
});

test('what is received after a count is in the next one, also late, and when no turn ran for days', async () => {
  await receive(noon(2), 5, 500);
  await count();
  // The database was away: a batch of two days ago is committed now. Today's goes on.
  await receive(noon(2), 2, 200);
  await receive('now()', 1, 100);
  await count();
  expect(await days()).toMatchObject([
    { ago: 2, readings: 7, bytes: 700 },
    { ago: 0, readings: 1, bytes: 100 },
  ]);
  await receive(noon(1), 4, 400);
  await rig.admin.query(
    "delete from ingest.usage_due; update ingest.usage_progress set counted_until = now() - interval '1 day'",
  );
  await count();
  expect(await days()).toMatchObject([{ ago: 2 }, { ago: 1, readings: 4 }, { ago: 0, readings: 1 }]);
});

test('stopped at any step, the next turn goes on, and all tenants are counted', async () => {
  await receive(noon(3), 5, 500);
  await receive(noon(0), 5, 500, world.b.id);
  const turns = async (steps: number) => {
    let left = steps;
    await count(() => (left-- > 0 ? 60_000 : 0));
  };
  let n = 0;
  do {
    await turns(1);
    n += 1;
  } while ((await rig.admin.query('select began_at from ingest.usage_progress')).rows[0].began_at !== null && n < 50);
  expect(n).toBeGreaterThan(4);
  expect(n).toBeLessThan(50);
  expect([await days(), await days(world.b.id)]).toMatchObject([[{ readings: 5 }], [{ readings: 5 }]]);
});

test('what was counted stays when its rows are removed, as long as 25 months', async () => {
  await receive(noon(2), 5, 500);
  await count();
  await rig.admin.query('delete from public.ingest_ledger');
  await rig.admin.query(
    `insert into public.usage_days (tenant_id, day) values ($1, date_trunc('month', now()) - interval '25 months'),
       ($1, date_trunc('month', now()) - interval '25 months 1 day')`,
    [world.a.id],
  );
  await rig.admin.query("update ingest.usage_progress set counted_until = now() - interval '3 days'");
  await count();
  const found = await days();
  expect(found).toHaveLength(2);
  expect(found[1]).toMatchObject({ ago: 2, readings: 5 });
});

test('a removed tenant takes what it used along; a round notes the size of the database', async () => {
  const { tenantId } = await addDevice(rig.admin, { tenant: 'leaving', device: 'd', createTenant: true });
  await receive(noon(1), 5, 500, tenantId);
  await count();
  expect(await days(tenantId)).toHaveLength(1);
  await rig.admin.query('delete from public.devices where tenant_id = $1', [tenantId]);
  await rig.admin.query('delete from public.tenants where id = $1', [tenantId]);
  expect(await days(tenantId)).toEqual([]);
  const { rows } = await rig.admin.query(
    "select day = (now() at time zone 'UTC')::date as today, bytes > 1e6 as large from ingest.database_sizes order by day desc limit 1",
  );
  expect(rows).toEqual([{ today: true, large: true }]);
});

const sizes = async () =>
  (
    await rig.admin.query<{ ago: number; bytes: number }>(
      `select current_date - to_date(right(c.relname, 8), 'YYYYMMDD') as ago, pg_indexes_size(c.oid)::int as bytes
       from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
       where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '_[0-9]{8}$' order by 1`,
    )
  ).rows.filter(({ ago }) => ago >= 0 && ago <= 3);
const readings = async () =>
  (
    await rig.admin.query(
      'select count(*)::int as n, md5(string_agg(t::text, $1 order by t)) as all from public.telemetry as t',
      [''],
    )
  ).rows[0];

test('days that are over are rebuilt once, those that readings still come for are left', async () => {
  await rig.admin.query(`
    set timezone = 'UTC';
    select ingest.make_telemetry_partition(current_date - n) from generate_series(1, 3) as n;
    insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
    select '11111111-2222-4333-8444-555555555555', md5(d::text)::uuid, current_date - day + n * interval '1 second', md5((n * d)::text),
      jsonb_build_object('n', n)
    from generate_series(0, 3) as day, generate_series(1, 800) as n, generate_series(1, 10) as d order by day, n, d`);
  const [before, content] = [await sizes(), await readings()];
  const { log, lines } = keepLog();
  await packReadings(database, log);
  const after = await sizes();
  for (const { ago, bytes } of after) {
    const was = before.find((day) => day.ago === ago)!.bytes;
    if (ago >= 2) expect(bytes / was, `${ago} days ago`).toBeLessThan(0.7);
    else expect(bytes, `${ago} days ago`).toBe(was);
  }
  expect(lines).toHaveLength(2);
  expect(await readings()).toEqual(content);
  await packReadings(database, log);
  expect(lines).toHaveLength(2);
});

test('where somebody else holds the day it is tried later', async () => {
  const { rows } = await rig.admin.query<{ name: string; key: string }>(
    `select p.relname as name, k.relname as key from pg_class as p join pg_index as x on x.indrelid = p.oid and x.indisprimary
     join pg_class as k on k.oid = x.indexrelid where p.relname = to_char(current_date - 2, '"telemetry_"YYYYMMDD')`,
  );
  const { name, key } = rows[0]!;
  await rig.admin.query(`alter index ingest.${key} reset (fillfactor)`);
  await rig.admin.query(
    `begin; insert into ingest.${name} select tenant_id, device_id, ts, 'late', now(), '{}' from ingest.${name} limit 1`,
  );
  await expect(packReadings(database, keepLog().log)).rejects.toMatchObject({ code: '55P03' });
  await rig.admin.query('commit');
  await packReadings(database, keepLog().log);
  expect((await rig.admin.query('select reloptions from pg_class where relname = $1', [key])).rows).toEqual([
    { reloptions: ['fillfactor=100'] },
  ]);
});

test('a database that was made read-only says so, to monitoring and to people who are not signed in', async () => {
  const told = async () => {
    const { rows } = await rig.admin.query(
      "select ingest.usage_figures() ->> 'database_read_only' as figure, public.read_only() as shown",
    );
    return rows[0];
  };
  expect(await told()).toEqual({ figure: '0', shown: false });
  await rig.admin.query('set default_transaction_read_only = on');
  try {
    expect(await told()).toEqual({ figure: '1', shown: true });
  } finally {
    await rig.admin.query('set default_transaction_read_only = off');
  }
});
