// The rig of the tests of deletions: a database, the job's own connection to it, and where a deletion stands.
import { afterAll, beforeAll } from 'vitest';
import { generateKey } from '../../../domain/credentials.ts';
import { readDatabaseUrl } from '../../../domain/database-url.ts';
import { roleUrl } from '../../../lab/postgres.ts';
import { setLogin } from '../../../provisioning/database/login.ts';
import { startTestDatabase, type TestDatabase } from '../../../provisioning/database/testing/database.ts';
import { keepLog } from '../../../tests/support/keep-log.ts';
import { type Database, openDatabase } from '../../database/connection.ts';
import { carryOutDeletions } from '../delete.ts';

export let rig: TestDatabase;
let database: Database;

/** Starts it for the tests of a file. */
export function deletionRigOfFile(): void {
  beforeAll(async () => {
    rig = await startTestDatabase();
    const key = generateKey();
    await setLogin(rig.admin, 'mqtt_ingest', key);
    database = openDatabase(readDatabaseUrl(roleUrl(rig.postgres.url, 'mqtt_ingest', key), { readFile: () => '' }));
  });
  afterAll(async () => {
    await database?.close();
    await rig?.stop();
  });
}

/** A turn of the job. */
export const turn = (leftMs = () => 20_000) => carryOutDeletions(database, keepLog().log, leftMs);
export const one = async (sql: string, values: unknown[] = []) => (await rig.admin.query(sql, values)).rows[0];
/** The record of a tenant's or a device's deletion. */
export const stateOf = (id: string) =>
  one("select * from public.deletions where coalesce(device_id, tenant_id) = $1 and kind <> 'person'", [id]);
