// A connection that can no longer write is given up, so that the next one can; a transaction ends in time, here and on the server.
import type pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { readDatabaseUrl } from '../../domain/database-url.ts';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { startProxy } from '../../lab/proxy.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { openDatabase } from './connection.ts';
import { blameOf, classify, TimeExceeded } from './sqlstate.ts';

let postgres: RunningPostgres;
const key = generateKey();
beforeAll(async () => {
  postgres = await startScratchPostgres();
});
afterAll(() => postgres.stop());

test('a role that was read-only for a while writes again, although nobody cuts its connections', async () => {
  await withConnection(postgres.url, async (admin) => {
    await setLogin(admin, 'mqtt_ingest', key);
    await admin.query('alter role mqtt_ingest set default_transaction_read_only = on');
    const url = roleUrl(postgres.url, 'mqtt_ingest', key);
    const database = openDatabase(readDatabaseUrl(url, { readFile: () => '' }));
    const write = () => database.query('select ingest.prune($1, 1)', ['ledger']);
    const refused = await write().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: '25006', message: expect.stringMatching(/read-only: .*failing over.*full/) });
    expect(classify(refused)).toBe('transient');
    await admin.query('alter role mqtt_ingest reset default_transaction_read_only');
    await write();
    await database.close();
  });
});

test('a statement ends on the server when its time is up, and when nobody waits for it any more', async () => {
  await withConnection(postgres.url, async (admin) => {
    await setLogin(admin, 'mqtt_ingest', key);
    const address = readDatabaseUrl(roleUrl(postgres.url, 'mqtt_ingest', key), { readFile: () => '' });
    const sleeping =
      "select from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid() and state = 'active'";
    const sleepFor = (mostMs: number) => (client: pg.Client) => client.query(`select pg_sleep(600), ${mostMs}`);

    const database = openDatabase(address);
    const late = await database.transaction('', sleepFor(200), 200).catch((error: unknown) => error);
    expect(late).toMatchObject({ code: '57014' });
    expect(blameOf(late)).toBe('effort');
    expect((await admin.query(sleeping)).rowCount).toBe(0);

    // The server cannot say so: what it sends is swallowed. It notices that the client has gone.
    const proxy = await startProxy(Number(new URL(postgres.url).port));
    onTestFinished(() => proxy.stop());
    let leftMs = 60_000;
    const silenced = openDatabase({ ...address, port: proxy.port }, () => leftMs);
    const asleep = silenced.transaction('', sleepFor(60_000), 60_000).catch((error: unknown) => error);
    await expect.poll(async () => (await admin.query(sleeping)).rowCount).toBe(1);
    proxy.cut();
    expect(blameOf(await asleep)).toBe('doubtful');
    await expect.poll(async () => (await admin.query(sleeping)).rowCount, { timeout: 10_000 }).toBe(0);

    leftMs = 0;
    proxy.restore();
    await expect(silenced.query('select 1', [])).rejects.toThrow('no time is left');
    await Promise.all([database.close(), silenced.close()]);
  });
});

test('a silent database is given up when its time is over, and so is taking leave of it', async () => {
  await withConnection(postgres.url, async (admin) => {
    await setLogin(admin, 'mqtt_ingest', key);
    const address = readDatabaseUrl(roleUrl(postgres.url, 'mqtt_ingest', key), { readFile: () => '' });
    const proxy = await startProxy(Number(new URL(postgres.url).port));
    onTestFinished(() => proxy.stop());
    const [used, idle] = [
      openDatabase({ ...address, port: proxy.port }),
      openDatabase({ ...address, port: proxy.port }),
    ];
    await Promise.all([used.query('select 1', []), idle.query('select 1', [])]);
    proxy.silence();
    const late = await used.transaction('', (client) => client.query('select 1'), 100).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(TimeExceeded);
    await Promise.all([used.close(), idle.close()]);
  });
});
