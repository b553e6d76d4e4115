// The reports, and maintenance, on a real database.
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../provisioning/database/testing/database.ts';
import { type Commands, startCommands } from './testing/commands.ts';
import { runOps } from './testing/run.ts';

let commands: Commands;
let database: TestDatabase;
let admin: Client;
const ops = (...args: string[]) => commands.ops(...args);

beforeAll(async () => {
  commands = await startCommands();
  ({ database } = commands);
  ({ admin } = database);
  await admin.query('alter role mqtt_ingest login');
});
afterAll(() => commands?.stop());

/** A platform that has run for 500 days, and on which all is well. */
beforeEach(async () => {
  await admin.query(`
    delete from ingest.canaries; delete from ingest.outages; delete from ingest.leases; delete from public.ingest_ledger;
    insert into ingest.leases (name, holder, fence, expires_at) values ('ingest', '', 0, now());
    -- A trigger notes when it is changed.
    update ingest.leases set holder = 'me';
    insert into ingest.canaries (session, came_at) values ('s', now() - interval '20 seconds');
    update ingest.outages set began_at = now() - interval '500 days', ended_at = now() - interval '500 days'`);
  await admin.query(
    `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota, latency_ms_sum, latency_ms_max)
     select id, date_trunc('minute', now()) - interval '1 hour', 600, 600, 0, 0, 0, 6000, 40 from public.tenants where slug = 'acme'`,
  );
});

describe('ops daily', () => {
  it('says on one page that nothing needs a person', async () => {
    const { code, out } = await ops('daily');
    expect(out).toContain('\n\nNothing needs a person.\n\n');
    expect(out).toMatch(/^uptime +100\.00 %$/m);
    expect(out).toMatch(/^readings +600 received, 600 stored, 0 in dead letters, 0 over quota$/m);
    expect(out).toMatch(/^lag +readings waited 10 ms on average, 40 ms at most$/m);
    expect(out).toMatch(/^acme +600 +0 B +0 +0$/m);
    expect(out).toMatch(/^ingest +stay: busiest minute 600 readings, \d+ % of the processor time of a$/m);
    expect(code).toBe(0);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it.each([
    ['ingest last ran 12 minutes ago', 'timers-dead.md', 'seen_at'],
    ['ingest has never run', 'timers-dead.md', 'delete from ingest.leases'],
    [
      'no message has come through for 9 minutes',
      'timers-dead.md#ingest-is-behind',
      "update ingest.canaries set came_at = now() - interval '9 minutes 20 seconds'",
    ],
    [
      'minutes of the ledger that do not add up: 1',
      'ingest.md#the-ledger',
      'update public.ingest_ledger set stored = 599',
    ],
    [
      '120 of 600 readings became dead letters',
      'tenant-abuse.md',
      'update public.ingest_ledger set stored = 480, rejected = 120',
    ],
    ['the database takes no writes: it is full', 'data-growth.md', "set default_transaction_read_only = 'on'"],
    [
      'the broker refused messages because its queue was full',
      'timers-dead.md#ingest-is-behind',
      "insert into public.refusals (tenant_id, hour, reason, times) select id, now(), 'full', 3 from public.tenants",
    ],
  ])('names the problem and its page: %s', async (what, page, change) => {
    if (change === 'seen_at') {
      // The table's own trigger writes the time of each change.
      await admin.query(`
        alter table ingest.leases disable trigger user;
        update ingest.leases set seen_at = now() - interval '12 minutes';
        alter table ingest.leases enable trigger user`);
    } else if (change.startsWith('set ')) await admin.query(`alter role postgres ${change}`);
    else await admin.query(change);
    const { code, out } = await ops('daily');
    await admin.query('alter role postgres reset default_transaction_read_only; delete from public.refusals');
    expect(out).toContain(`1 thing needs a person:\n 1. ${what}`);
    expect(out).toContain(page);
    expect(code).toBe(1);
  });

  it('names a restore that was interrupted, which keeps the app out', async () => {
    await admin.query('delete from ingest.leases; alter role mqtt_ingest nologin');
    const { out } = await ops('daily');
    await admin.query('alter role mqtt_ingest login');
    expect(out).toContain(`2 things need a person:
 1. the database does not let the app in: the role mqtt_ingest may not log in
    docs/runbooks/restore.md#it-was-interrupted
 2. ingest has never run
`);
  });

  it('counts an outage once, and one that goes on', async () => {
    await admin.query(`
      update ingest.canaries set came_at = now() - interval '144 minutes';
      update ingest.canaries set came_at = now() - interval '1 minute'`);
    const { out, code } = await ops('daily');
    expect(out).toMatch(/^uptime +90\.\d\d %; 1 outage, the longest 2 hours, from /m);
    expect(code).toBe(0);
    await admin.query("update ingest.canaries set came_at = now() - interval '72 minutes'");
    // The trigger notes no outage when a canary is older than the last.
    expect((await ops('daily', '--json')).out).toContain('"page": "runbooks/timers-dead.md#ingest-is-behind"');
  });

  it('warns before the database is full, and advises to grow', async () => {
    const { rows } = await admin.query('select ceil(pg_database_size(current_database()) / 1e6)::int as mb');
    const full = await ops('daily', '--database-mb', String(rows[0].mb));
    expect(full.out).toMatch(
      /1\. the database is nearly full: \d+ MB of \d+ MB, .*\n +docs\/runbooks\/data-growth\.md/,
    );
    expect(full.out).toMatch(/^database +grow: /m);
    const large = await ops('daily', '--database-mb', '100000');
    expect(large.out).toMatch(/^database +stay: \d+ MB of 100 GB, not full for years$/m);
  });

  it('reads what parts of the platform tell of themselves: the age of the backup', async () => {
    const tell = (age: string) =>
      admin.query(`create or replace function ingest.sample_figures() returns jsonb language sql as
        $$ select jsonb_build_object('backup_last_success_timestamp_seconds', ${age}) $$`);
    await tell("extract(epoch from now() - interval '30 hours 5 minutes')");
    const late = await ops('daily');
    await tell('1 / 0');
    const failing = await ops('daily');
    const age = (job: string) => `job_last_success_age_seconds{job="${job}"}`;
    const figures = { [age('prune')]: 1490, [age('notify')]: 1000, control_loop_age_seconds: 200, backup_failing: 1 };
    await admin.query(`create or replace function ingest.sample_figures() returns jsonb language sql as
      $$ select '${JSON.stringify(figures)}'::jsonb $$`);
    const jobs = await ops('daily');
    await admin.query('drop function ingest.sample_figures()');
    expect(jobs.out).toContain(`3 things need a person:
 1. job notify has not succeeded for 16 minutes
    docs/runbooks/timers-dead.md#one-job-does-not-run
 2. the control loop last worked 3 minutes ago
    docs/runbooks/control-loop.md
 3. the last backup failed
    docs/runbooks/restore.md#the-backup-is-old
`);
    expect(jobs.out).toMatch(/^jobs +2; the longest without success: prune, 24 minutes$/m);
    expect(late.out).toMatch(/1\. the newest backup is 30 hours old\n +docs\/runbooks\/restore\.md/);
    expect(late.out).toMatch(/^backup +30 hours ago$/m);
    // A part that fails takes only its own figures away.
    expect(failing).toMatchObject({ code: 0, out: expect.stringMatching(/^devices .* 0 offline$/m) });
  });

  it('reports a database that does not answer, and shows no password', async () => {
    const gone = await runOps(['daily'], { DATABASE_URL: 'postgres://someone:hunter2hunter2@127.0.0.1:1/postgres' });
    expect(gone.out.replace(/\s+/g, ' ')).toContain(
      '1. the database does not tell: cannot connect to someone@127.0.0.1:1/postgres: ECONNREFUSED',
    );
    expect(gone).toMatchObject({ code: 1, out: expect.not.stringContaining('hunter2') });
  });
});

describe('ops maintenance', () => {
  /** What the dashboard is told. */
  const banner = async (role: string) =>
    (await database.asApiRole(role, 'select reason, ends_at > now() as "isToCome" from public.maintenance()')).rows;
  const isOn = async () => (await admin.query('select access.in_maintenance() as on')).rows[0].on;

  it('is shown to everybody until it is switched off, and every period stays on record', async () => {
    expect(await ops('maintenance', 'status')).toMatchObject({ code: 0, out: 'maintenance is off' });
    const on = await ops('maintenance', 'on', '--for', '2h', '--reason', 'A larger disk');
    expect(on.out).toMatch(/^maintenance is on until \d{4}-\d\d-\d\d \d\d:\d\d UTC: A larger disk$/);
    for (const role of ['anon', 'authenticated']) {
      expect(await banner(role)).toEqual([{ reason: 'A larger disk', isToCome: true }]);
    }
    expect(await isOn()).toBe(true);
    expect((await ops('daily')).out).toMatch(/^maintenance +until .*: A larger disk$/m);
    await ops('maintenance', 'on', '--reason', 'It takes longer');
    expect(await banner('anon')).toEqual([{ reason: 'It takes longer', isToCome: true }]);
    expect(await ops('maintenance', 'off')).toMatchObject({ code: 0, out: 'maintenance is off' });
    expect(await ops('maintenance', 'off')).toMatchObject({ code: 0, out: 'maintenance was off already' });
    expect(await banner('anon')).toEqual([]);
    const { rows } = await admin.query(
      'select reason, started_by = ended_by as same, login from access.maintenance order by id',
    );
    expect(rows).toEqual([
      { reason: 'A larger disk', same: true, login: 'postgres' },
      { reason: 'It takes longer', same: true, login: 'postgres' },
    ]);
    expect((await ops('maintenance', 'status')).out).toMatch(
      /^maintenance is off\nbefore: .*: It takes longer\nbefore: /,
    );
  });

  it('ends by itself', async () => {
    await admin.query("select access.begin_maintenance('r', 1, 'me')");
    await admin.query("update access.maintenance set started_at = now() - interval '2 hours', ends_at = now()");
    expect(await isOn()).toBe(false);
    expect(await banner('anon')).toEqual([]);
  });

  it.each([
    [['--for', '25h'], 'at most 24 hours'],
    [['--for', '0m'], 'at most 24 hours'],
    [['--for', '2'], '30m, 2h'],
    [['--reason', 'two\nlines'], 'on one line'],
    [['--reason', 'x'.repeat(201)], '1 to 200 characters'],
  ])('refuses %j', async (args, words) => {
    expect(await ops('maintenance', 'on', ...args)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
    expect(await isOn()).toBe(false);
  });

  it('is bounded in the database, too', async () => {
    await expect(admin.query("select access.begin_maintenance('r', 1441, 'me')")).rejects.toThrow('1 to 1440');
    await expect(admin.query("select access.begin_maintenance(E'a\\nb', 5, 'me')")).rejects.toThrow('check constraint');
  });
});
