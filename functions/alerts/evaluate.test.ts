// Rounds of alert evaluation: whose rules are judged in which order, and what one that is too slow, or a kill, leaves behind.
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { readPeriodicSettings } from '../settings/periodic.ts';
import { evaluateAlerts, evaluateAlertsSparingly } from './evaluate.ts';

const log = pino({ level: 'silent' });
let server: TestDatabase;
let database: Database;
let asIngest: () => Database;
beforeAll(async () => {
  server = await startTestDatabase();
  const key = generateKey();
  await setLogin(server.admin, 'mqtt_ingest', key);
  const settings = readPeriodicSettings({
    EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(server.postgres.url, 'mqtt_ingest', key),
  });
  asIngest = () => openDatabase(settings.database);
  database = asIngest();
  await server.admin.query(`
    create function public.be_slow() returns trigger language plpgsql as 'begin perform pg_sleep(20); return new; end';
    create function public.be_sick() returns trigger language plpgsql as 'begin perform 1 / 0; return new; end'`);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  await server.admin.query(`
    drop trigger if exists be_slow on public.alerts; drop trigger if exists be_sick on public.alerts;
    delete from public.alert_rules; delete from public.device_status; delete from public.telemetry;
    delete from public.devices; delete from ingest.tenant_cursors; delete from public.tenants`);
});

/** A tenant whose device was silent for a day, with rules that say so. @returns its id. */
async function silentTenant(slug: string, rules: number): Promise<string> {
  const { rows } = await server.admin.query<{ id: string }>(
    `with tenant as (insert into public.tenants (slug, name) values ($1, $1) returning id)
     insert into public.devices (tenant_id, slug, name, created_at) select id, 'd', 'd', now() - interval '1 day' from tenant
     returning tenant_id as id`,
    [slug],
  );
  await server.admin.query(
    "insert into public.alert_rules (tenant_id, name, kind, window_minutes) select $1, 'rule ' || n, 'missing', 5 from generate_series(1, $2) as n",
    [rows[0]!.id, rules],
  );
  return rows[0]!.id;
}

const openAlerts = async (tenant: string) =>
  (await server.admin.query('select from public.alerts where tenant_id = $1 and resolved_at is null', [tenant]))
    .rowCount;

const progress = async (tenant: string) =>
  (
    await server.admin.query(
      `select judged_at is not null as judged, problem, failures, skipped_until is not null as skipped
       from public.alert_rule_progress where tenant_id = $1 order by problem nulls first`,
      [tenant],
    )
  ).rows;

test('a round that took long is followed by a rest, so that rounds take a twentieth of the time', async () => {
  await silentTenant('few', 1);
  let clock = 0;
  const looks = async () => {
    const { rows } = await server.admin.query('select max(judged_at) as at from public.alert_rule_progress');
    return rows[0].at?.getTime();
  };
  // Each look at the clock is 100 ms later: a round takes 500 ms or more of it.
  const turn = () =>
    evaluateAlertsSparingly(
      database,
      log,
      () => 40_000,
      () => (clock += 100),
    );
  await turn();
  const first = await looks();
  expect(first).toBeDefined();
  const ended = clock;
  await turn();
  expect(await looks()).toBe(first);
  clock = ended * 20;
  await turn();
  expect(await looks()).toBeGreaterThan(first);
});

test('each tenant has a turn before any has a second, the least recently tried first', async () => {
  const many = await silentTenant('many', 45);
  const few = await silentTenant('few', 1);
  await server.admin.query('update public.alert_rule_progress set tried_at = now() where tenant_id = $1', [few]);
  const turns = async () =>
    (await server.admin.query('select tenant_id, cardinality(rule_ids) as n from ingest.due_rules(20)')).rows;
  expect(await turns()).toEqual([
    { tenant_id: many, n: 20 },
    { tenant_id: few, n: 1 },
    { tenant_id: many, n: 20 },
    { tenant_id: many, n: 5 },
  ]);
  await server.admin.query('update public.alert_rule_progress set tried_at = now() where tenant_id = $1', [many]);
  expect((await turns())[0]).toEqual({ tenant_id: few, n: 1 });
  expect(await evaluateAlerts(database, log)).toEqual({ judged: 46, changed: 46, failed: 0, left: 0 });
});

test('a round that runs out of time leaves rules, and the next one begins with them', async () => {
  const first = await silentTenant('a', 21);
  const second = await silentTenant('b', 1);
  let calls = 0;
  // Time is up after the first turn.
  const round = await evaluateAlerts(database, log, () => (calls++ < 3 ? 0 : 1e9));
  const { changed: opened, left } = round;
  expect(opened + left).toBe(22);
  expect(await openAlerts(first)).toBe(opened === 20 ? 20 : 0);
  expect(await openAlerts(second)).toBe(opened === 20 ? 0 : 1);
  expect(await evaluateAlerts(database, log)).toMatchObject({ changed: left, left: 0 });
});

test('a rule that is too slow is set aside with the reason, and holds up neither its tenant’s other rules nor others’', async () => {
  const slow = await silentTenant('slow', 2);
  const victim = await silentTenant('victim', 1);
  await server.admin.query(`
    create trigger be_slow before insert on public.alerts for each row
    when (new.rule_id = '${(await server.admin.query('select min(id::text) as id from public.alert_rules where tenant_id = $1', [slow])).rows[0].id}')
    execute function public.be_slow()`);
  expect(await evaluateAlerts(database, log)).toEqual({ judged: 2, changed: 2, failed: 1, left: 0 });
  expect([await openAlerts(slow), await openAlerts(victim)]).toEqual([1, 1]);
  expect(await progress(slow)).toEqual([
    { judged: true, problem: null, failures: 0, skipped: false },
    { judged: false, problem: 'it took longer than 4 seconds', failures: 1, skipped: true },
  ]);
});

test('a turn that takes too long in a round that has no time left comes after others in the next', async () => {
  const slow = await silentTenant('slow', 2);
  const victim = await silentTenant('victim', 1);
  await server.admin.query('update public.alert_rule_progress set tried_at = now() where tenant_id = $1', [victim]);
  await server.admin.query(`
    create trigger be_slow before insert on public.alerts for each row
    when (new.tenant_id = '${slow}') execute function public.be_slow()`);
  let calls = 0;
  const round = await evaluateAlerts(database, log, () => (calls++ < 2 ? 0 : 1e9));
  expect(round).toEqual({ judged: 0, changed: 0, failed: 0, left: 3 });
  const { rows } = await server.admin.query('select tenant_id from ingest.due_rules(20)');
  expect(rows).toEqual([{ tenant_id: victim }, { tenant_id: slow }]);
});

test('a rule that fails is set aside; what it skips after the third time is noted, and success clears the problem', async () => {
  const sick = await silentTenant('sick', 1);
  await evaluateAlerts(database, log);
  await server.admin.query(`
    delete from public.alerts;
    create trigger be_sick before insert on public.alerts for each row execute function public.be_sick()`);
  for (const [failures, skipped] of [
    [1, false],
    [2, false],
    [0, true],
  ] as const) {
    expect(await evaluateAlerts(database, log)).toMatchObject({ failed: 1 });
    expect(await progress(sick)).toMatchObject([
      { failures, skipped, problem: 'its readings could not be calculated with' },
    ]);
  }
  await server.admin.query('drop trigger be_sick on public.alerts');
  expect(await evaluateAlerts(database, log)).toMatchObject({ changed: 1 });
  expect(await progress(sick)).toMatchObject([{ problem: null, skipped: true }]);
});

test('an evaluator killed between and within turns leaves every alert opened once, and none unopened', async () => {
  const tenants = [await silentTenant('a', 3), await silentTenant('b', 3), await silentTenant('c', 3)];
  for (const dies of [2, 1]) {
    const own = asIngest();
    let turns = 0;
    const mortal: Database = {
      ...own,
      transaction: (opening, work) =>
        own.transaction(opening, async (client) => {
          const result = await work(client);
          turns += 1;
          // All of the turn is written, and not committed.
          if (turns === dies) await client.query('select pg_terminate_backend(pg_backend_pid())');
          return result;
        }),
    };
    await expect(evaluateAlerts(mortal, log)).rejects.toThrow();
    await own.close();
  }
  expect(await Promise.all(tenants.map(openAlerts))).toContain(0);
  await evaluateAlerts(database, log);
  expect(await Promise.all(tenants.map(openAlerts))).toEqual([3, 3, 3]);
  expect((await server.admin.query('select from public.alerts')).rowCount).toBe(9);
});

test('two evaluators at once judge each rule once', async () => {
  const tenant = await silentTenant('a', 60);
  const other = asIngest();
  const rounds = await Promise.all([evaluateAlerts(database, log), evaluateAlerts(other, log)]);
  await other.close();
  expect(rounds[0].changed + rounds[1].changed).toBe(60);
  expect(await openAlerts(tenant)).toBe(60);
});

test('rules that are deleted or changed meanwhile hold up nothing, and wait for nothing', async () => {
  const tenant = await silentTenant('a', 3);
  await evaluateAlerts(database, log);
  const { rows } = await server.admin.query<{ id: string }>('select id from public.alert_rules order by id');
  const [deleted, disabled] = rows.map(({ id }) => id);
  const person = await server.open();
  await person.query('begin');
  await person.query('delete from public.alert_rules where id = $1', [deleted]);
  await person.query('update public.alert_rules set enabled = false where id = $1', [disabled]);
  expect(await evaluateAlerts(database, log)).toEqual({ judged: 1, changed: 0, failed: 0, left: 0 });
  await person.query('commit');
  expect(await openAlerts(tenant)).toBe(1);
  expect(await evaluateAlerts(database, log)).toMatchObject({ judged: 1 });
});

test('a turn that another transaction holds up is left for the next round, and others are judged', async () => {
  const [held, other] = [await silentTenant('held', 1), await silentTenant('other', 1)];
  const refusing: Database = {
    ...database,
    transaction: (opening, work) =>
      database.transaction(`${opening}; set local lock_timeout = 100`, (client) => work(client)),
  };
  const person = await server.open();
  await person.query('begin');
  await person.query('select from ingest.tenant_cursors where tenant_id = $1 for update', [held]);
  await server.admin.query("update ingest.tenant_cursors set judged = '1' where tenant_id = $1", [other]);
  const round = await evaluateAlerts(refusing, log);
  await person.query('rollback');
  expect(round).toEqual({ judged: 1, changed: 1, failed: 0, left: 1 });
  expect(await openAlerts(other)).toBe(1);
});

test('a missing function is not taken for a rule’s fault', async () => {
  await silentTenant('a', 1);
  const broken: Database = {
    ...database,
    transaction: (opening, work) =>
      database.transaction(opening, async (client) => {
        await client.query('select ingest.no_such_function()');
        return work(client);
      }),
  };
  await expect(evaluateAlerts(broken, log)).rejects.toMatchObject({ code: '42883' });
});
