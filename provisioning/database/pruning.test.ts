// What has ended goes, in steps, and nothing else goes.
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PRUNED } from '../../functions/ingest/prune.ts';
import { BAD_ARGUMENT, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
let ingest: Client;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  ingest = await database.open('mqtt_ingest');
});
afterAll(() => database.stop());

const prune = async (what: string, most = 1000): Promise<number> =>
  (await ingest.query('select ingest.prune($1, $2) as n', [what, most])).rows[0].n;

/** A row of this age, counted from the time that the pruning judges by. */
const INSERTS: Record<(typeof PRUNED)[number], { sql: string; kept: string; gone: string; table: string }> = {
  'dead letters': {
    sql: `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint, received_at)
      values ($1, 't', 'x', 'not-json', gen_random_uuid(), now() - $2::interval)`,
    kept: '29 days',
    gone: '31 days',
    table: 'public.dead_letters',
  },
  'dead letter counts': {
    sql: 'insert into public.dead_letter_counts (tenant_id, hour, reason) values ($1, now() - $2::interval, gen_random_uuid()::text)',
    kept: '399 days',
    gone: '401 days',
    table: 'public.dead_letter_counts',
  },
  'waiting commands': {
    sql: `insert into public.device_commands (tenant_id, device_id, payload, expires_at)
      select $1, d.id, '{}', now() - $2::interval from public.devices as d where d.tenant_id = $1 limit 1`,
    kept: '-1 day',
    gone: '1 day',
    table: '(select from public.device_commands where error is null) as waiting',
  },
  'ended commands': {
    sql: `insert into public.device_commands (tenant_id, device_id, payload, requested_at, sent_at)
      select $1, d.id, '{}', now() - $2::interval, now() from public.devices as d where d.tenant_id = $1 limit 1`,
    kept: '29 days',
    gone: '31 days',
    table: 'public.device_commands',
  },
  invitations: {
    sql: `insert into public.invitations (tenant_id, email, role, token_hash, created_at)
      values ($1, gen_random_uuid() || '@x.example', 'viewer', sha256(gen_random_uuid()::text::bytea), now() - $2::interval)`,
    kept: '89 days',
    gone: '91 days',
    table: 'public.invitations',
  },
  alerts: {
    sql: `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, message)
      select $1, r.id, d.id, now() - interval '500 days', now(), now() - $2::interval, 'm'
      from public.alert_rules as r join public.devices as d on d.tenant_id = r.tenant_id where r.tenant_id = $1 limit 1`,
    kept: '399 days',
    gone: '401 days',
    table: 'public.alerts',
  },
  'audit log': {
    sql: "insert into public.audit_log (tenant_id, action, at) values ($1, 'device.created', now() - $2::interval)",
    kept: '399 days',
    gone: '401 days',
    table: 'public.audit_log',
  },
  'revoked keys': {
    sql: `insert into public.device_credentials (tenant_id, device_id, password_hash, revoked_at)
      select $1, d.id, 'a hash', now() - $2::interval from public.devices as d where d.tenant_id = $1 limit 1`,
    kept: '399 days',
    gone: '401 days',
    table: 'public.device_credentials',
  },
  'temporary limits': {
    sql: `insert into access.temporary_limits
      select $1, name, 1, now() - $2::interval from unnest(array['max_rules', 'max_members', 'max_invitations', 'max_commands']) as name
      where name not in (select t.name from access.temporary_limits as t where t.tenant_id = $1) limit 1`,
    kept: '-1 day',
    gone: '1 day',
    table: 'access.temporary_limits',
  },
  ledger: {
    sql: `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
      values ($1, clock_timestamp() - $2::interval, 0, 0, 0, 0, 0)`,
    kept: '29 days',
    gone: '31 days',
    table: 'public.ingest_ledger',
  },
  refusals: {
    sql: `insert into public.refusals (tenant_id, hour, reason, times)
      values ($1, clock_timestamp() - $2::interval, 'will', 1)`,
    kept: '29 days',
    gone: '31 days',
    table: 'public.refusals',
  },
  untimed: {
    sql: `insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash, received_at)
      values ($1, gen_random_uuid(), 'm', now(), 's', 1, 'h', now() - $2::interval)`,
    kept: '2 days',
    gone: '4 days',
    table: 'ingest.untimed',
  },
};

it.each(PRUNED)('%s: what is too old, at most as many a step as asked for', async (what) => {
  const { sql, kept, gone, table } = INSERTS[what];
  const count = async () => (await database.admin.query(`select count(*)::int as n from ${table}`)).rows[0].n;
  const before = await count();
  await database.admin.query(sql, [world.a.id, kept]);
  for (let n = 0; n < 3; n++) await database.admin.query(sql, [world.a.id, gone]);
  expect(await prune(what, 2)).toBe(2);
  expect(await prune(what, 2)).toBe(1);
  expect(await prune(what, 2)).toBe(0);
  expect(await count()).toBe(before + 1);
});

it('an expired command says that it was never sent', async () => {
  const { rows } = await database.admin.query(
    'select distinct error from public.device_commands where error is not null and sent_at is null',
  );
  expect(rows).toEqual([{ error: 'It expired: it could not be sent in time.' }]);
});

it('who made a tenant stays in the audit log, and no other entry can be deleted before its time', async () => {
  await database.admin.query(
    "insert into public.audit_log (tenant_id, action, at) values ($1, 'tenant.created', now() - interval '401 days')",
    [world.a.id],
  );
  expect(await prune('audit log')).toBe(0);
  await expect(database.admin.query('delete from public.audit_log')).rejects.toMatchObject({ code: REFUSED });
});

it('a deletion that is done stays for 400 days', async () => {
  const kept = async () =>
    (await database.admin.query("select subject from public.deletions where subject like 'done %'")).rows;
  await database.admin.query(
    `insert into public.deletions (kind, subject, asked_by, stage, finished_at)
     select 'person', 'done ' || age, 'operator', 'log', now() - make_interval(days => age) from unnest(array[399, 401]) as age`,
  );
  expect((await ingest.query('select ingest.deletion_step(1000) as id')).rows).toEqual([{ id: null }]);
  expect(await kept()).toEqual([{ subject: 'done 399' }]);
});

it('the size of the database on a day stays for 25 months', async () => {
  await database.admin.query(
    "insert into ingest.database_sizes select (date_trunc('month', now()) - age)::date, 1 from unnest('{25 months, 26 months}'::interval[]) as age",
  );
  const hasMore = async () => (await ingest.query('select ingest.count_usage(1000) as more')).rows[0].more;
  while (await hasMore());
  const { rows } = await database.admin.query(
    "select from ingest.database_sizes where bytes = 1 and day < now() - interval '2 years'",
  );
  expect(rows.length).toBe(1);
});

it('nothing else can be named, and no step without a bound', async () => {
  await expect(prune('telemetry')).rejects.toMatchObject({ code: BAD_ARGUMENT });
  for (const most of [0, 10_001]) await expect(prune('ledger', most)).rejects.toMatchObject({ code: BAD_ARGUMENT });
});
