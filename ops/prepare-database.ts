// What a database on premises or in Kubernetes needs before the app starts.
import { CONTROL_USERNAME } from '../functions/settings/control.ts';
import { makeApiRole, makeAuthTables } from '../local/api-role.ts';
import { INGEST_USERNAME } from '../provisioning/broker/registry.ts';
import type { SecretName } from '../provisioning/compose/secrets.ts';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { type DatabaseAccess, withConnection } from '../provisioning/database/connect.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { upsertServiceAccount } from '../provisioning/database/registry.ts';

const LOGINS = [
  ['mqtt_ingest', 'ingest.url'],
  ['broker_sync', 'registry.url'],
  ['backup_reader', 'backup.url'],
  ['archive_writer', 'archive.url'],
] as const;
const ACCOUNTS = [
  [INGEST_USERNAME, 'ingest', 'ingest.key'],
  [CONTROL_USERNAME, 'control', 'control.key'],
] as const;

/**
 * Makes the schema, sign-ins of the roles, and the platform's accounts on the broker, or brings them up to date.
 * @param database as a superuser. @param read a secret, without its line end. @param log called at each step.
 */
export async function prepareDatabase(
  database: DatabaseAccess,
  read: (name: SecretName) => string,
  log: (line: string) => void,
): Promise<void> {
  await withConnection(database, makeAuthTables);
  await applyMigrations(database, { log });
  const passwordOf = (url: string) => new URL(url).password;
  await withConnection(database, async (client) => {
    await makeApiRole(client, passwordOf(read('api.url')));
    for (const [role, secret] of LOGINS) await setLogin(client, role, passwordOf(read(secret)));
    for (const [username, purpose, secret] of ACCOUNTS)
      await upsertServiceAccount(client, { username, purpose, key: read(secret) });
  });
}
