// A database's applied migrations, in the Supabase CLI's own table: `supabase db push` and this program see the same.
import type { Client } from 'pg';
import type { Migration } from './migrations.ts';

/** A row of the history. */
export interface AppliedMigration {
  version: string;
  /** The executed SQL: one element if this program applied it, one per statement if the Supabase CLI did. */
  statements: string[] | null;
}

/** Makes the history table as the Supabase CLI does (pkg/migration/history.go). */
export async function ensureHistory(client: Client): Promise<void> {
  await client.query(`
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
    alter table supabase_migrations.schema_migrations add column if not exists statements text[];
    alter table supabase_migrations.schema_migrations add column if not exists name text;
  `);
}

/** The history, oldest first. */
export async function readHistory(client: Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    'select version, statements from supabase_migrations.schema_migrations order by version',
  );
  return rows;
}

/** Records a migration; call it in the transaction that applied it. */
export async function recordMigration(client: Client, { version, name, sql }: Migration): Promise<void> {
  await client.query(
    'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
    [version, name, [sql]],
  );
}

/**
 * The migrations still to apply.
 * @throws Error if an applied file was edited or is missing here, or a new file sorts before an applied one.
 */
export function pendingMigrations(migrations: Migration[], history: AppliedMigration[]): Migration[] {
  const files = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const { version, statements } of history) {
    const migration = files.get(version);
    if (migration === undefined) {
      throw new Error(
        `the database has migration ${version}, which is not among the files: this checkout is older than the database; update it`,
      );
    }
    if (statements !== null && substance(statements.join('\n')) !== substance(migration.sql)) {
      throw new Error(
        `migration ${migration.file} was edited after it was applied: restore the file and put the change into a new migration`,
      );
    }
  }
  const applied = new Set(history.map(({ version }) => version));
  const newest = history.at(-1)?.version ?? '';
  const pending = migrations.filter(({ version }) => !applied.has(version));
  const late = pending.find(({ version }) => version < newest);
  if (late) {
    throw new Error(
      `migration ${late.file} is older than ${newest}, which is applied: give it a newer time and apply again`,
    );
  }
  return pending;
}

/** SQL without comment lines, space and semicolons: the same for every program that splits and trims it. */
function substance(sql: string): string {
  return sql.replace(/^\s*--.*$/gm, '').replace(/[\s;]+/g, '');
}
