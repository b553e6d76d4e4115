// Through a pooler in transaction mode, as Supabase's: nothing ingest or the commands do relies on a session.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { hasPgBouncer } from '../../lab/pgbouncer.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { lintDatabase } from '../../provisioning/database/lint.ts';
import { readMigrations } from '../../provisioning/database/migrations.ts';
import { addDevice, listDevices, removeTenant } from '../../provisioning/database/registry.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { openStoreRig } from '../../tests/support/store-rig.ts';
import { openDatabase } from '../database/connection.ts';
import { acquireLease } from '../database/lease.ts';
import { runWorker } from '../worker/worker.ts';
import { totalOf } from './accounting.ts';
import { redrive } from './redrive.ts';
import { runOnce } from './run.ts';

describe.skipIf(!hasPgBouncer())('through PgBouncer in transaction mode', () => {
  let rig: Lab;
  beforeAll(async () => {
    rig = await startLab({ devices: 4, broker: MANY_SESSIONS, pooler: true });
  });
  afterAll(() => rig?.stop());

  /** A run in which nothing had to be tried again: a statement lost in the pooler would be, and succeed in the end. */
  const run = async (clientId: string) => {
    const { log, lines } = keepLog();
    const result = await runOnce(rig.settings(clientId), log, never);
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
    return result;
  };

  test('it is one: what needs a session fails', async () => {
    const client = new pg.Client(rig.adminUrl);
    client.on('error', () => {});
    await client.connect();
    // Not a prepared statement: PgBouncer 1.21 and newer carry those from one connection to the next.
    const temporary = async () => {
      await client.query('create temporary table kept ()');
      for (let n = 0; n < 8; n++) await client.query('select from kept');
    };
    await expect(temporary()).rejects.toMatchObject({ code: '42P01' });
    await client.end();
  });

  test('a run stores rows, duplicates, arrays, bad rows and dead letters', async () => {
    const device = rig.devices[0]!;
    await run('pooled');
    await refusePoison(rig.admin);
    const ts = new Date().toISOString();
    await device.publish([`{"ts":"${ts}"}`, '{"id":1}', '{"v":1}', '{"v":1}', '[{"id":2},{"v":2},3]', poison(), 'bad']);
    expect(await run('pooled')).toMatchObject({ outcome: 'idle', received: 9, stored: 5, duplicate: 1, rejected: 3 });
    await device.publish([`{"ts":"${ts}"}`, '{"id":1}', '{"id":3}']);
    expect(await run('pooled')).toMatchObject({ outcome: 'idle', received: 3, stored: 1, duplicate: 2 });
    expect(await rig.rows(device)).toHaveLength(6);
    expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
  });

  test('a worker stores while it runs', async () => {
    const device = rig.devices[1]!;
    const stopping = new AbortController();
    const { log, lines } = keepLog();
    const working = runWorker(rig.settings('pooled-worker'), log, stopping.signal);
    await expect.poll(() => lines.some(({ msg }) => msg === 'connected to the broker')).toBe(true);
    for (let part = 0; part < 5; part++) {
      await device.publish(Array.from({ length: 200 }, (_, n) => `{"id":${part * 200 + n}}`));
      await sleep(50);
    }
    await expect.poll(async () => (await rig.rows(device)).length, { timeout: 10_000 }).toBe(1000);
    stopping.abort();
    await working;
  });

  test('lease and fence hold', async () => {
    const databases = [openDatabase(rig.settings('x').database), openDatabase(rig.settings('x').database)];
    const [one, two] = databases as [ReturnType<typeof openDatabase>, ReturnType<typeof openDatabase>];
    const first = await acquireLease(one, 'pooled-lease');
    expect(await acquireLease(two, 'pooled-lease')).toBeUndefined();
    await rig.admin.query("update ingest.leases set expires_at = '-infinity' where name = 'pooled-lease'");
    const second = await acquireLease(two, 'pooled-lease');
    await expect(one.transaction(first!.assertion, async () => {})).rejects.toMatchObject({ code: 'MS001' });
    await two.transaction(second!.assertion, async () => {});
    await first!.release();
    await second!.release();
    for (const database of databases) await database.close();
  });

  test('rate and quota hold', async () => {
    const device = rig.devices[2]!;
    await rig.admin.query(
      "insert into public.tenant_limits (tenant_id, readings_per_day) select id, 3 from public.tenants where slug = 'acme'",
    );
    const store = await openStoreRig(rig, 'pooled-quota');
    const write = async (...ids: number[]) =>
      totalOf(
        (
          await store.write(
            device,
            ids.map((id) => `{"id":${id}}`),
          )
        ).tallies,
      );
    expect(await write(1, 2)).toMatchObject({ stored: 2, overQuota: 0 });
    expect(await write(3, 4)).toMatchObject({ stored: 1, overQuota: 1 });
    await rig.admin.query('delete from public.tenant_limits');
    await store.stop();
  });

  test('dead letters are redriven', async () => {
    const { rows } = await rig.admin.query<{ id: string }>(
      `insert into public.dead_letters (topic, payload, reason, fingerprint)
       values ($1, '{"id":"again"}', 'unknown-device', 'pooled') returning id::text`,
      [rig.devices[3]!.topic],
    );
    await withConnection(rig.adminUrl, async (client) => {
      expect(await redrive(client, rows[0]!.id)).toEqual({ outcome: 'stored' });
      expect(await redrive(client, rows[0]!.id)).toEqual({ outcome: 'gone' });
    });
  });

  test('migrations, rules and registry', async () => {
    await rig.admin.query('create database fresh');
    const url = Object.assign(new URL(rig.adminUrl), { pathname: '/fresh' }).href;
    expect((await applyMigrations(url)).applied).toHaveLength((await readMigrations()).length);
    await withConnection(url, async (client) => {
      expect(await lintDatabase(client)).toEqual([]);
      await addDevice(client, { tenant: 'acme', device: 'd1', createTenant: true });
      expect(await listDevices(client)).toHaveLength(1);
      await client.query('update public.devices set enabled = false');
      await client.query('delete from public.devices');
      await removeTenant(client, 'acme');
    });
  });
});
