// The environment's database: what a deployment does to it.
import type { Credentials } from '../components/credentials.ts';
import { Database } from '../components/database.ts';
import { controlUsername, ingestUsername, type ServicePurpose } from '../provisioning/broker/registry.ts';
import { migrationsHash } from '../provisioning/database/migrations.ts';
import type { StackConfig } from './configuration/parse.ts';

/** Schema and sign-ins; undefined if `deployDatabase` is false. */
export async function makeDatabase(config: StackConfig, credentials: Credentials): Promise<Database | undefined> {
  if (!config.deployDatabase) return undefined;
  const account = (purpose: ServicePurpose, username: string) => {
    return { username, purpose, key: credentials.accountPassword(username) };
  };
  return new Database('database', {
    host: config.databaseHost,
    database: config.databaseName,
    projectRef: config.databaseProjectRef,
    ca: config.databaseCa,
    migrationsHash: await migrationsHash(),
    roles: {
      mqtt_ingest: credentials.databasePassword,
      broker_sync: credentials.registryPassword,
      backup_reader: credentials.backupPassword,
      archive_writer: credentials.archivePassword,
    },
    // The next generation has a password, but is not in force yet.
    accounts: [
      ...config.ingestGenerationsInForce
        .toSorted((a, b) => a - b)
        .map((generation) => account('ingest', ingestUsername(generation))),
      account('control', controlUsername(config.controlGeneration)),
    ],
  });
}
