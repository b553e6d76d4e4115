// What a database is, to be compared after a restore: its catalogue line by line, and each table's rows by their number and a checksum.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientBase } from 'pg';

/** The rows of a table. */
export interface Rows {
  /** Decimal. */
  count: string;
  /** The sum of a 64-bit hash of each row as text: the same in any order, on any server. Decimal. */
  checksum: string;
}

/** A role to be made before a restore. */
export interface Role {
  name: string;
  inherit: boolean;
  bypassrls: boolean;
  /** The roles that it is a member of. */
  memberOf: string[];
}

/** The facts of a database. */
export interface Facts {
  roles: Role[];
  catalogue: string[];
  /** By `schema.table`. */
  tables: Record<string, Rows>;
  /** Last values of sequences, by `schema.sequence`. */
  sequences: Record<string, string>;
}

/** Schemas of a Supabase project that its services make again by themselves. */
export const FOREIGN_SCHEMAS = (
  '_analytics _realtime cron extensions graphql graphql_public net pgbouncer pgsodium pgsodium_masks pgtle realtime storage ' +
  'supabase_functions vault'
).split(' ');

/** Tables that are restored empty: who is signed in, and what an open sign-in still needs; everybody signs in again. And links to the archive. */
export const EMPTY_TABLES =
  'audit_log_entries flow_state mfa_amr_claims mfa_challenges one_time_tokens refresh_tokens saml_relay_states sessions'
    .split(' ')
    .map((table) => `auth.${table}`)
    .concat('public.archive_links');

const FACTS_SQL = readFileSync(join(import.meta.dirname, 'facts.sql'), 'utf8');

/** Values as text must not depend on who reads them. */
const SAME_TEXT = `
  set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local timezone = 'UTC';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local xmlbinary = 'base64'; set local statement_timeout = 0`;

/** Reads them; call it in a transaction, whose search_path it empties. */
export async function readFacts(client: ClientBase): Promise<Facts> {
  await client.query("select set_config('search_path', '', true)");
  await client.query(SAME_TEXT);
  const catalogue = await client.query<{ fact: string }>(FACTS_SQL, [FOREIGN_SCHEMAS]);
  return {
    catalogue: catalogue.rows.map(({ fact }) => fact),
    roles: await readRoles(client),
    tables: await readTables(client),
    sequences: await readSequences(client),
  };
}

async function readRoles(client: ClientBase): Promise<Role[]> {
  const { rows } = await client.query<Role>(`
    select r.rolname::text as name, r.rolinherit as inherit, r.rolbypassrls as bypassrls,
      array(select g.rolname::text from pg_auth_members as m join pg_roles as g on g.oid = m.roleid where m.member = r.oid order by 1)
        as "memberOf"
    from pg_roles as r where r.rolname !~ '^pg_' and not r.rolsuper order by 1`);
  return rows;
}

async function readTables(client: ClientBase): Promise<Record<string, Rows>> {
  const tables = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema$' and n.nspname <> all ($1::text[]) order by 1`,
    [FOREIGN_SCHEMAS],
  );
  const found: Record<string, Rows> = {};
  for (const { name: table } of tables.rows.filter(({ name }) => !EMPTY_TABLES.includes(name))) {
    const { rows } = await client.query<Rows>(
      `select count(*)::text as count, coalesce(sum(pg_catalog.hashtextextended(t::text, 0)::numeric), 0)::text as checksum from ${table} as t`,
    );
    found[table] = rows[0]!;
  }
  return found;
}

/** Last values of the sequences that gave one, by `schema.sequence`. */
export async function readSequences(client: ClientBase): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::text as value from pg_sequences
     where last_value is not null and schemaname <> all ($1::text[]) order by 1`,
    [FOREIGN_SCHEMAS],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** What differs, each in a sentence; empty: nothing does. Sequences may have gone on. */
export function compareFacts(expected: Facts, found: Facts): string[] {
  const has = new Set(found.catalogue);
  const wanted = new Set(expected.catalogue);
  const tables = Object.entries(expected.tables).flatMap(([table, { count, checksum }]) => {
    const rows = found.tables[table];
    if (rows === undefined) return [`table ${table} is missing`];
    if (rows.count !== count) return [`table ${table} has ${rows.count} rows, not ${count}`];
    return rows.checksum === checksum ? [] : [`table ${table} has other contents in its ${count} rows`];
  });
  const sequences = Object.entries(expected.sequences).flatMap(([name, value]) =>
    BigInt(found.sequences[name] ?? -1) >= BigInt(value)
      ? []
      : [`sequence ${name} is at ${found.sequences[name]}, not ${value}`],
  );
  return [
    ...expected.catalogue.filter((fact) => !has.has(fact)).map((fact) => `missing: ${fact}`),
    ...found.catalogue.filter((fact) => !wanted.has(fact)).map((fact) => `one too many: ${fact}`),
    ...tables,
    ...sequences,
  ];
}
