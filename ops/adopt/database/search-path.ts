// Where a role looks for `telemetry` when its SQL does not name the schema. A new search_path does not reach connections that a pooler
// holds open. But the default path of Postgres and of Supabase begins with "$user". As soon as there is a schema with the role's own name,
// every connection looks there first, and nothing about the role has to change.
import { type ClientBase, escapeIdentifier } from 'pg';
import { MADE } from '../../../provisioning/database/objects.ts';

/** Where the old tables go when the role's own name cannot be used. */
const OTHER_SCHEMA = 'before_adoption';

/** Where the old tables go. */
export interface Destination {
  schema: string;
  /** The search_path that the role needs for it; undefined when it has one that does. */
  path?: string;
  /** What the role has for this database alone; null for nothing. */
  before: string | null;
}

/** @throws Error when there is no such role. */
export async function chooseDestination(client: ClientBase, role: string): Promise<Destination> {
  const { rows } = await client.query<{ path: string; before: string | null; schemas: string[] }>(
    `with settings as (
       select r.rolname, s.setrole <> 0 as own, s.setdatabase <> 0 as here, substr(c, length('search_path=') + 1) as path
       from pg_roles as r join pg_db_role_setting as s on s.setrole in (0, r.oid), unnest(s.setconfig) as c
       where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
         and starts_with(c, 'search_path=')
     )
     select (select path from settings where rolname = $1 and own and here) as before,
       coalesce(
         (select path from settings where rolname = $1 order by own and here desc, own desc, here desc limit 1),
         -- This connection's role has none of its own: it shows the server's.
         (select case when exists (select from settings where rolname = current_user) then boot_val else reset_val end
          from pg_settings where name = 'search_path')) as path,
       array(select nspname::text from pg_namespace) as schemas
     from pg_roles where rolname = $1`,
    [role],
  );
  const [found] = rows;
  if (!found) throw new Error(`there is no role "${role}"`);
  const { path, before, schemas } = found;
  const isTaken = (schema: string) =>
    schemas.includes(schema) || Object.values(MADE).flat().includes(`schema ${schema}`);
  const looksThere = /^\s*"?\$user"?\s*(,|$)/.test(path);
  if (looksThere && !isTaken(role)) return { schema: role, before };
  if (isTaken(OTHER_SCHEMA)) {
    throw new Error(
      `there is a schema ${OTHER_SCHEMA}, which the old tables would go to: rename it (alter schema ${OTHER_SCHEMA} rename to ...)`,
    );
  }
  return { schema: OTHER_SCHEMA, path: `${OTHER_SCHEMA}, ${path}`, before };
}

/** Sets it for this database only. As long as there is no such schema, the role finds what it found. */
export async function setPath(client: ClientBase, role: string, path: string | null): Promise<void> {
  const { rows } = await client.query<{ database: string }>('select current_database() as database');
  const target = `${escapeIdentifier(role)} in database ${escapeIdentifier(rows[0]!.database)}`;
  await client.query(`alter role ${target} ${path === null ? 'reset search_path' : `set search_path = ${path}`}`);
}

/** How long a connection must have been idle to be ended. */
const IDLE_SECONDS = 5;

/**
 * Connections of the role that are older than its search_path: they go on with the one they began with.
 * @param end ends those that have been idle for 5 seconds: the pooler opens others.
 * @returns how many there are still.
 */
export async function staleConnections(
  client: ClientBase,
  role: string,
  changedAt: string,
  { end, idleSeconds = IDLE_SECONDS }: { end: boolean; idleSeconds?: number },
): Promise<number> {
  const stale = `from pg_stat_activity where usename = $1 and datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend' and backend_start < $2::timestamptz`;
  if (end) {
    await client.query(
      `select pg_terminate_backend(pid, 2000) ${stale} and state = 'idle' and state_change < clock_timestamp() - make_interval(secs => $3)`,
      [role, changedAt, idleSeconds],
    );
  }
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n ${stale}`, [role, changedAt]);
  return rows[0]!.n;
}
