// What the runbooks look at first, on a real database: what it is doing, what fills it, and who sends most.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../provisioning/database/connect.ts';
import { addDevice } from '../provisioning/database/registry.ts';
import type { TestDatabase } from '../provisioning/database/testing/database.ts';
import { readSize } from './db-size.ts';
import { type Commands, startCommands } from './testing/commands.ts';

let commands: Commands;
let database: TestDatabase;
let admin: Client;
const ops = (...args: string[]) => commands.ops(...args);

beforeAll(async () => {
  commands = await startCommands();
  ({ database } = commands);
  ({ admin } = database);
});
afterAll(() => commands?.stop());

describe('ops db', () => {
  it('activity names who holds up others, without what statements hold, and end ends it', async () => {
    const [holder, waiter] = [await connect(database.postgres.url), await connect(database.postgres.url)];
    try {
      await holder.query('begin');
      await holder.query("update public.tenants set name = 'a secret' where slug = 'acme'");
      const pid = (await holder.query('select pg_backend_pid() as pid')).rows[0].pid as number;
      await holder.query("update public.tenants set name = 'a secret' where slug = 'acme'");
      const waiting = waiter.query("update public.tenants set name = 'b' where slug = 'acme'");
      await expect.poll(async () => (await ops('db', 'activity')).code).toBe(1);
      const { out } = await ops('db', 'activity');
      expect(out).toMatch(/^\d+ of \d+ connections in use, 1 idle in a transaction$/m);
      expect(out).toContain(`waits for ${pid}\n    update public.tenants set name = '…' where slug = '…'`);
      expect(out).toContain(`${pid} holds up others: end it with npm run ops -- db end ${pid}`);
      expect(out).not.toContain('secret');
      expect(await ops('db', 'end', String(pid))).toMatchObject({ code: 0, out: `${pid} is ended` });
      await waiting;
      expect(await ops('db', 'end', String(pid))).toMatchObject({
        code: 1,
        err: expect.stringContaining('no connection'),
      });
      expect(await ops('db', 'activity')).toMatchObject({
        code: 0,
        out: expect.stringContaining('no statement is running'),
      });
    } finally {
      await holder.end().catch(() => {});
      await waiter.end();
    }
  });

  it.each([
    "select E'it\\'s a secret'",
    `select 1 as "it's", 'a secret'`,
    "-- don't show\nselect 'a secret'",
    'select $Tag1$a secret$Tag1$',
  ])('activity leaves out what is quoted, also in %j', async (sql) => {
    const client = await connect(database.postgres.url);
    try {
      await client.query('begin');
      await client.query(sql);
      const { out } = await ops('db', 'activity');
      expect(out).toContain('idle in transaction');
      expect(out).not.toContain('secret');
    } finally {
      await client.end();
    }
  });

  it('size shows the largest tables, partitions together, and the last days', async () => {
    await admin.query(`
      insert into public.usage_days (tenant_id, day, readings, bytes)
      select id, current_date, 10, case slug when 'acme' then 1000 else 7000 end from public.tenants`);
    const { out } = await ops('db', 'size');
    expect(out).toMatch(
      /^\d+ MB in all, of which +table +index\n {2}\S+ +[\d.]+ [kM]B +[\d.]+ [kM]B {3}(rows not counted yet|about [\d,]+ rows)\n/,
    );
    expect(out).toMatch(/^ {2}telemetry +/m);
    expect(out).toMatch(new RegExp(`^ {2}${new Date().toISOString().slice(0, 10)} +`, 'm'));
    expect(out).toMatch(
      /^ {2}globex +[\d.]+ kB {3}about 75 %\n {2}acme +[\d.]+ kB {3}about 25 %\ngrows .* give --database-mb$/m,
    );
  });

  it('size counts roll-ups as what they become', async () => {
    const { tenantId, deviceId } = await addDevice(admin, { tenant: 'acme', device: 'rolled-up' });
    await admin.query(
      `insert into public.telemetry_rollups (tenant_id, device_id, step, bucket, readings, fields, is_whole)
       select $1, $2, r.step, (current_date - 1 + r.n * interval '1 second' * r.step) at time zone 'UTC', 30, '{}', true
       from (values (60, 10), (3600, 2), (86400, 1)) as k (step, times), lateral (select k.step, n from generate_series(0, k.times - 1) as n) as r`,
      [tenantId, deviceId],
    );
    expect((await readSize(admin)).settledRollupBytes).toBe(600 * (10 * 30 + 2 * 100 + 400));
    await admin.query('delete from public.devices where id = $1', [deviceId]);
  });

  it('pack rebuilds the index of a past day whatever its size, once', async () => {
    await admin.query(`
      set timezone = 'UTC';
      select ingest.make_telemetry_partition(current_date - 3);
      insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
      select gen_random_uuid(), md5((n % 7)::text)::uuid, current_date - 3 + n * interval '1 second', n::text, '{}' from generate_series(1, 3000) as n`);
    expect((await ops('db', 'pack')).out).toMatch(/^telemetry_\d{8}: the index had \d+ kB, now \d+ kB$/);
    expect(await ops('db', 'pack')).toMatchObject({ code: 0, out: 'the indexes of all past days are rebuilt' });
  });
});

describe('ops tenant top', () => {
  it('ranks tenants, and the devices of one, by whole names', async () => {
    const long = `valve-${'x'.repeat(57)}`;
    await addDevice(admin, { tenant: 'acme', device: long });
    await admin.query(`
      insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota, latency_ms_sum, latency_ms_max)
      select id, date_trunc('minute', now()) - interval '1 hour', 600, 600, 0, 0, 0, 6000, 40 from public.tenants where slug = 'acme';
      insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
      select d.tenant_id, d.id, now() - n * interval '1 second', n::text, '{"t": 1}'
      from public.devices as d join public.tenants as t on t.id = d.tenant_id, generate_series(1, 30) as n
      where t.slug = 'acme' and (d.slug = 'pump' or n < 3);
      insert into public.refusals (tenant_id, hour, reason, times) select id, date_trunc('hour', now()), 'rate', 9000 from public.tenants where slug = 'globex'`);
    const { out } = await ops('tenant', 'top', '--last', '1d');
    expect(out.split('\n').map((line) => line.split(/ {2,}|(?<=received) /))).toEqual([
      ['last 1 day', 'received', 'dead letters', 'over quota', 'refused'],
      ['globex', '0', '0', '0', '9000'],
      ['acme', '600', '0', '0', '0'],
    ]);
    const acme = await ops('tenant', 'top', 'acme');
    expect(acme.out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['acme, last 10 minutes', 'readings'],
      ['pump', '30'],
      ['fan', '2'],
      [long, '2'],
    ]);
    const globex = await ops('tenant', 'top', 'globex');
    expect(globex.out).toContain('(no reading)\nrefused in the last hour: Devices cut off because');
    expect(await ops('tenant', 'top', 'nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no tenant "nobody"'),
    });
  });
});
