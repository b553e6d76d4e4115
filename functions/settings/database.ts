// How a job reaches the database.
import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { type DatabaseAddress, readDatabaseUrl } from '../../domain/database-url.ts';
import { pem, reading, required } from './environment.ts';

/** The database's address, and the role to sign in with. */
export interface DatabaseSettings {
  database: DatabaseAddress;
}

/** The fields of {@link databaseOf}. */
export const DATABASE_FIELDS = {
  EXTERNAL_DATABASE_CONNECTION_STRING: required(
    'the database, such as postgres://mqtt_ingest:KEY@POOLER:6543/postgres',
  ).transform(reading((url) => readDatabaseUrl(url, { readFile: (path) => readFileSync(path, 'utf8') }))),
  EXTERNAL_DATABASE_CA: pem,
};

/** The settings from the fields' values. */
export function databaseOf(values: z.output<z.ZodObject<typeof DATABASE_FIELDS>>): DatabaseSettings {
  const { EXTERNAL_DATABASE_CONNECTION_STRING: database, EXTERNAL_DATABASE_CA: ca } = values;
  if (!database.ssl || ca === undefined) return { database };
  return { database: { ...database, ssl: { ...database.ssl, ca } } };
}
