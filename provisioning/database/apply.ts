// Brings a database to this checkout's schema.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { type DatabaseAccess, inTransaction, withConnection } from './connect.ts';
import { ensureHistory, pendingMigrations, readHistory, recordMigration } from './history.ts';
import { assertOneTransaction, type Migration, readMigrations } from './migrations.ts';
import { findCollisions } from './objects.ts';

/** How migrations are applied. */
export interface ApplyOptions {
  /** Called at each step. Default: nothing is called. */
  log?: (line: string) => void;
  /** Default: the project's own migrations. */
  migrations?: Migration[];
}

/** Where `adopt table-back` keeps what the migrations made, until `adopt table-aside` brings it back. */
export const PARKED_SCHEMA = 'mqtt_saas_parked';

/** Key of the advisory lock that keeps two appliers apart: a number that no other program uses. */
const LOCK_KEY = 7_108_861_320_250_001n;

/**
 * Applies pending migrations, each in a transaction of its own, so that a failure leaves the database at the last good one. If an
 * existing object conflicts with one of them, none is applied. On a bare Postgres it first makes Supabase's roles and `auth` schema.
 * Running it twice changes nothing. Works through a pooler in transaction mode.
 * @param database with a role that owns the schema and has BYPASSRLS: Supabase's `postgres`, or a superuser.
 * @throws Error that names the file and the line, never the password.
 */
export async function applyMigrations(
  database: string | DatabaseAccess,
  options: ApplyOptions = {},
): Promise<{ applied: string[] }> {
  const { log = () => {}, migrations = await readMigrations() } = options;
  for (const migration of migrations) assertOneTransaction(migration);
  return withConnection(database, async (client) => {
    await locked(client, async () => {
      await assertRoom(client, migrations);
      if (await isBare(client)) {
        log("bare Postgres: making Supabase's roles and auth schema");
        await runFile(client, 'bootstrap.sql', await readFile(join(import.meta.dirname, 'bootstrap.sql'), 'utf8'));
      }
      await ensureHistory(client);
    });
    const applied: string[] = [];
    for (let next = await applyNext(client, migrations); next; next = await applyNext(client, migrations)) {
      log(`applied ${next.file}`);
      applied.push(next.version);
    }
    return { applied };
  });
}

/** Applies the oldest pending migration. Checks again under the lock each time: another applier may be at work. */
async function applyNext(client: Client, migrations: Migration[]): Promise<Migration | undefined> {
  return locked(client, async () => {
    const [next] = pendingMigrations(migrations, await readHistory(client));
    if (next === undefined) return undefined;
    await runFile(client, next.file, next.sql);
    await recordMigration(client, next);
    return next;
  });
}

/** @throws Error that names every existing object with the name of one that a pending migration makes. */
async function assertRoom(client: Client, migrations: Migration[]): Promise<void> {
  const { rows } = await client.query<{ parked: boolean; history: boolean }>(
    `select to_regnamespace($1) is not null as parked,
       to_regclass('supabase_migrations.schema_migrations') is not null as history`,
    [PARKED_SCHEMA],
  );
  if (rows[0]?.parked) {
    throw new Error(
      `the platform's tables are in the schema ${PARKED_SCHEMA}, where "adopt table-back" put them: ` +
        'bring them back first with npm run ops -- adopt table-aside --role ROLE (docs/adoption.md)',
    );
  }
  const pending = rows[0]?.history ? pendingMigrations(migrations, await readHistory(client)) : migrations;
  const versions = pending.map(({ version }) => version);
  const found = await findCollisions(client, versions);
  if (found.length === 0) return;
  const list = found.map(({ kind, name, owner }) => `  ${kind} ${name}${owner ? ` (of ${owner})` : ''}\n`);
  throw new Error(
    `the database has ${found.length === 1 ? 'an object' : `${found.length} objects`} where the migrations would make their own:\n` +
      `${list.join('')}Nothing was applied. Move what is in the schema public aside, with what depends on it: ` +
      'npm run ops -- adopt table-aside --role ROLE, ROLE being who the old ingest signs in as (docs/adoption.md). If a schema is in the way, rename it yourself.',
  );
}

/**
 * A transaction that only one applier can be in at a time. The lock is the transaction's, because a pooler drops session locks. Its
 * search_path is empty, whatever the role's is: a name without a schema is an error, and never another's table.
 */
function locked<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return inTransaction(client, async () => {
    await client.query("select set_config('search_path', '', true)");
    await client.query('select pg_advisory_xact_lock($1)', [LOCK_KEY.toString()]);
    return work();
  });
}

async function isBare(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ bare: boolean }>(`
    select to_regprocedure('auth.uid()') is null
      or to_regclass('auth.users') is null
      or (select count(*) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')) < 3 as bare`);
  return rows[0]?.bare ?? true;
}

async function runFile(client: Client, file: string, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (cause) {
    const { message, hint, detail, code, position } = cause as Record<string, string | undefined>;
    const line = position ? `:${sql.slice(0, Number(position)).split('\n').length}` : '';
    const more = [detail, hint].filter(Boolean).join(' ');
    throw new Error(
      `${file}${line}: ${message} (${code ?? 'no code'}).${more ? ` ${more}` : ''} Nothing of this file was applied.`,
      { cause },
    );
  }
}
