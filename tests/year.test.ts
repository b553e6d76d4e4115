// A platform over 540 days, by a clock that is moved: nothing that it keeps grows without bound, and nothing is missing.
//
// The clock is the database's, by which everything here is kept and removed. Functions and defaults of the schema are made again with
// `moved.now()` for `now()`, and so on; they are otherwise as deployed, and the jobs are the platform's own. Not moved: the server's own
// clock, and those of broker, machine and certificates. These have tests of their own: renewal.test.ts, and tests/machine.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDatabaseUrl } from '../domain/database-url.ts';
import { type Database, openDatabase } from '../functions/database/connection.ts';
import { JOBS } from '../functions/periodic/jobs.ts';
import { backupsAmong, dumpOf, factsOf, nameAt, toRemove } from '../ops/backup/kept.ts';
import { startTestDatabase, type TestDatabase } from '../provisioning/database/testing/database.ts';
import { makeWorld } from '../provisioning/database/testing/world.ts';
import { keepLog } from './support/keep-log.ts';

const DAYS = 540;
/** By then the longest things have ended: an invitation stays 90 days, and what the audit log says of its end 400 more. */
const SETTLED = 500;
const RETENTION = 30;
/** Readings a tenant and day, and how many of them are late by days. */
const READINGS = 26;

/** The jobs that keep and remove. The others send, judge and tell: they leave nothing here. */
const KEEPING = ['roll_up', 'prune', 'delete', 'maintain', 'retire', 'count_usage', 'pack_readings'];

let rig: TestDatabase;
let database: Database;
beforeAll(async () => {
  rig = await startTestDatabase();
  database = openDatabase(readDatabaseUrl(rig.postgres.url, { readFile: () => '' }));
  await makeWorld(rig.admin);
  await moveClock();
  await rig.admin.query(LIFE);
});
afterAll(async () => {
  await database?.close();
  await rig?.stop();
});

/** Makes the schema's functions and defaults read `moved.clock`. */
async function moveClock(): Promise<void> {
  await rig.admin.query(`
    create schema moved;
    create table moved.clock (days int not null);
    insert into moved.clock values (0);
    create function moved.now() returns timestamptz language sql stable as
      $$ select pg_catalog.now() + (select days * interval '1 day' from moved.clock) $$;
    create function moved.clock_timestamp() returns timestamptz language sql volatile as
      $$ select pg_catalog.clock_timestamp() + (select days * interval '1 day' from moved.clock) $$;
    create function moved.today() returns date language sql stable as $$ select moved.now()::date $$;
    set timezone = 'UTC'`);
  const moved = (sql: string) =>
    sql
      .replace(/(?<![\w.])(now|clock_timestamp)\(\)/gi, 'moved.$1()')
      .replace(/(?<![\w.])current_date\b/gi, 'moved.today()');
  const { rows: functions } = await rig.admin.query<{ sql: string }>(`
    select pg_get_functiondef(p.oid) as sql from pg_proc as p
    where p.pronamespace::regnamespace::text in ('public', 'ingest', 'access', 'broker') and p.prokind = 'f'
      and p.prosrc ~* '(now|clock_timestamp)\\(\\)|current_date' order by p.oid`);
  expect(functions.length).toBeGreaterThan(40);
  await rig.admin.query('set check_function_bodies = off');
  for (const { sql } of functions) await rig.admin.query(moved(sql));
  const { rows: defaults } = await rig.admin.query<{ at: string; sql: string }>(`
    select format('%I.%I alter column %I', table_schema, table_name, column_name) as at, column_default as sql
    from information_schema.columns as c
    where table_schema in ('public', 'ingest', 'access', 'broker') and column_default ~* '(now|clock_timestamp)\\(\\)|current_date'
      and exists (select from pg_class as t where t.relname = c.table_name and t.relkind in ('r', 'p') and not t.relispartition)`);
  for (const { at, sql } of defaults) await rig.admin.query(`alter table ${at} set default ${moved(sql)}`);
}

/** What devices, people and the platform do on a day, beside the jobs. */
const LIFE = `
  create function moved.live(n int) returns void language plpgsql set timezone = 'UTC' as $$
  declare
    t record;
    left_today bigint;
  begin
    for t in select w.id, w.slug, d.id as device, r.id as rule, c.id as channel
      from public.tenants as w join public.devices as d on d.tenant_id = w.id and d.slug = 'sensor-1'
      cross join lateral (select x.id from public.alert_rules as x where x.tenant_id = w.id limit 1) as r
      cross join lateral (select x.id from public.notification_channels as x where x.tenant_id = w.id limit 1) as c
    loop
      -- Of now, of three days ago, and by a clock that is far off.
      perform ingest.insert_readings(array_fill(t.id, array[${READINGS}]), array_fill(t.device, array[${READINGS}]),
        array(select moved.today() + h * interval '1 minute' from generate_series(1, ${READINGS - 2}) as h)
          || (moved.today() - 3)::timestamptz || (timestamptz '2099-01-01' + n * interval '1 second'),
        array(select n || '-' || h from generate_series(1, ${READINGS}) as h),
        array_fill(moved.now(), array[${READINGS}]), array_fill('{"t": 21.5}'::text, array[${READINGS}]));
      update public.device_status as s set last_received_at = moved.now(),
        unrolled = tstzmultirange(
          tstzrange(moved.today() - 3, moved.today() - 3 + interval '1 minute'), tstzrange(moved.today(), moved.today() + interval '1 hour'))
      where s.device_id = t.device;
      insert into public.deletions (tenant_id, kind, device_id, asked_by, stage, asked_at, finished_at)
      values (t.id, 'device', gen_random_uuid(), 'owner', 'rows again', moved.now(), moved.now());
      select q.readings into left_today from ingest.quota_left(array[t.id]) as q;
      assert left_today = 1000, format('day %s begins with %s readings left of 1000', n, left_today);
      perform ingest.spend_quota(array[t.id], array[${READINGS}::bigint], array[${READINGS * 11}::bigint]);
      perform ingest.add_to_ledger(moved.now(), array[t.id], '{${READINGS + 3}}', '{${READINGS}}', '{0}', '{3}', '{0}', '{${READINGS * 11}}');
      perform ingest.keep_dead_letters(array[t.id], array[t.device], '{t}', '{x}', '{null}', '{not-json}', '{null}', '{null}',
        array[t.slug || n], array[moved.now()], array[null::jsonb], '{3}');
      perform ingest.add_refusals(jsonb_build_array(jsonb_build_object('tenant', t.slug, 'since', 1, 'counts', jsonb_build_object('rate', n + 2),
        'devices', jsonb_build_object('sensor-1', jsonb_build_array('rate', 1)))));
      insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash)
      values (t.id, t.device, n::text, moved.now(), 's', n, 'h');
      insert into public.device_commands (tenant_id, device_id, payload) values (t.id, t.device, '{}'), (t.id, t.device, '{}');
      update public.device_commands as c set sent_at = moved.now()
      where c.id = (select x.id from public.device_commands as x where x.tenant_id = t.id and x.sent_at is null and x.error is null limit 1);
      insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, message)
      values (t.id, t.rule, t.device, moved.now(), moved.now(), moved.now(), 'm');
      insert into public.notifications (tenant_id, channel_id, transition, content, state, finished_at)
      values (t.id, t.channel, 'test', '{}', 'sent', moved.now());
      insert into public.notifications (tenant_id, channel_id, transition, content) values (t.id, t.channel, 'test', '{}');
      insert into public.invitations (tenant_id, email, role, token_hash) values (t.id, n || '@x.example', 'viewer', sha256((t.slug || n)::bytea));
      insert into public.audit_log (tenant_id, action) values (t.id, 'device.changed');
      insert into access.temporary_limits (tenant_id, name, value, until) values (t.id, 'max_devices', n, moved.now() + interval '1 day')
      on conflict (tenant_id, name) do update set value = excluded.value, until = excluded.until;
      update public.device_credentials as k set revoked_at = moved.now() where k.device_id = t.device and k.revoked_at is null;
      insert into public.device_credentials (tenant_id, device_id, password_hash)
      select t.id, t.device, k.password_hash from public.device_credentials as k where k.device_id = t.device limit 1;
    end loop;
    -- Every tenth day something is broken for ten minutes.
    update ingest.canaries set came_at = moved.now() - case when n % 10 = 0 then interval '10 minutes' else interval '1 minute' end;
    update ingest.canaries set came_at = moved.now();
    perform ingest.record_backup('backup', 'backup-' || n, moved.now(), 1000, 1000, null);
    perform ingest.record_backup('drill', 'backup-' || n, moved.now(), 1000, 1000, null);
  end
  $$`;

/** Rows of every table of the schema; the days' partitions count as one table. */
async function rowsOfTables(): Promise<Record<string, number>> {
  const { rows: tables } = await rig.admin.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class as c
    where c.relnamespace::regnamespace::text in ('public', 'ingest', 'access', 'broker') and c.relkind in ('r', 'p')
      and not c.relispartition order by 1`);
  const counted = await rig.admin.query<{ name: string; n: number }>(
    tables.map(({ name }) => `select '${name}' as name, count(*)::int as n from ${name}`).join(' union all '),
  );
  return Object.fromEntries(counted.rows.map(({ name, n }) => [name, n]));
}
const values = async (sql: string) =>
  (await rig.admin.query({ text: sql, rowMode: 'array' })).rows.map(([value]) => value);

/** Tables that may grow between the two days, and why. */
const GROWS: Record<string, string> = {
  usage_days: 'kept for 25 months, which is longer than this',
  'ingest.database_sizes': 'the same',
  'ingest.retired_days': 'a day each; says which days get no partition again',
};

test(`${DAYS} days`, { timeout: 600_000 }, async () => {
  const jobs = JOBS.filter(({ name }) => KEEPING.includes(name));
  expect(jobs.map(({ name }) => name).sort()).toEqual([...KEEPING].sort());
  const { log } = keepLog();
  await rig.admin.query(`
    update public.tenant_limits set readings_per_day = 1000, max_payload_bytes = null;
    insert into public.tenant_limits (tenant_id, readings_per_day) select id, 1000 from public.tenants
    on conflict (tenant_id) do update set readings_per_day = 1000, readings_per_minute = null, bytes_per_day = null;
    update ingest.retention set days = ${RETENTION}, archive = false;
    delete from ingest.tenant_retention;
    delete from public.telemetry; delete from public.usage_days; delete from public.ingest_ledger;
    delete from ingest.outages`);
  let backups: string[] = [];
  let settled: Record<string, number> = {};
  for (let n = 1; n <= DAYS; n++) {
    await rig.admin.query('update moved.clock set days = $1', [n]);
    await rig.admin.query('select moved.live($1)', [n]);
    for (const job of jobs) await job.run(database, log, () => 60_000);
    await rig.admin.query('select ingest.prune_notifications(1000)');
    const name = nameAt(new Date(Date.UTC(2026, 11, n, 2, 15)));
    backups.push(dumpOf(name), factsOf(name));
    const gone = new Set(
      toRemove(backupsAmong(backups.map((object) => ({ name: object, bytes: 1 })))).flatMap((one) => one.objects),
    );
    backups = backups.filter((object) => !gone.has(object));
    if (n === SETTLED) settled = await rowsOfTables();
  }

  // Nothing grows.
  const last = await rowsOfTables();
  const grown = Object.keys(last).filter((name) => !(name in GROWS) && last[name]! > settled[name]! + 5);
  expect(grown.map((name) => `${name}: ${settled[name]} rows, then ${last[name]}`)).toEqual([]);
  expect(backups.length / 2).toBe(31);
  const days = await values(
    `select to_date(right(c.relname, 8), 'YYYYMMDD') - moved.today() from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '_[0-9]{8}$' order by 1`,
  );
  // No gap: each day of the retention, and those ahead.
  expect(days).toEqual(Array.from({ length: RETENTION + 1 + 7 }, (_, n) => n - RETENTION));
  expect(await values("select c.relname from pg_class as c where c.relname ~ '^retired_[0-9]{8}$'")).toEqual([]);

  // Each reading of these days is there: of the day, and a late one from three days on. By a wrong clock: as long as the others.
  const perDay = await rig.admin.query(
    `select moved.today() - ts::date as ago, count(*)::int as n from public.telemetry where ts < moved.now() + interval '1 day' group by 1 order by 1`,
  );
  expect(perDay.rows).toEqual(
    Array.from({ length: RETENTION + 1 }, (_, ago) => ({ ago, n: 2 * (READINGS - 2 + (ago >= 3 ? 1 : 0)) })),
  );
  expect(await values("select count(*)::int from public.telemetry where ts > '2098-01-01'")).toEqual([
    2 * (RETENTION + 1),
  ]);

  // Each day was used, and is counted once, with what it was.
  const used = await rig.admin.query(
    `select count(*)::int as days, min(day) - (select moved.today() - ${DAYS - 1}) as first, max(day) - moved.today() as last,
       array_agg(distinct (readings, bytes, letters, alerts, notifications, commands)::text) as each
     from public.usage_days where day > moved.today() - ${DAYS} group by tenant_id`,
  );
  const each = [`(${READINGS},${READINGS * 11},1,1,1,2)`];
  expect(used.rows).toEqual(Array(2).fill({ days: DAYS, first: 0, last: 0, each }));

  // Each of the last 400 days is rolled up, with its late reading.
  const rolledUp = await values(
    'select count(*)::int from public.telemetry_rollups where step = 86400 and bucket < moved.today() - 3 group by readings',
  );
  expect(rolledUp).toEqual([2 * (400 - 4)]);

  // What the reports rest on is still known: since when outages are noted, and those of 400 days. The clock jumps, which is an outage
  // a day; every tenth day has another.
  const outages = await rig.admin.query(
    'select count(*)::int as n, moved.now()::date - min(began_at)::date as since from ingest.outages where ended_at > began_at or id = (select min(id) from ingest.outages)',
  );
  expect(outages.rows).toEqual([{ n: 1 + 400 + 40, since: DAYS - 1 }]);
});
