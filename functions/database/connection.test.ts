// A connection that can no longer write is given up, so that the next one can.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { readDatabaseUrl } from '../../domain/database-url.ts';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { openDatabase } from './connection.ts';
import { classify } from './sqlstate.ts';

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
    expect(refused).toMatchObject({ code: '25006' });
    expect(classify(refused)).toBe('transient');
    await admin.query('alter role mqtt_ingest reset default_transaction_read_only');
    await write();
    await database.close();
  });
});
