// Logins that read one tenant under row-level security: made and removed by `ops reader`.
import type { ClientBase } from 'pg';
import { scramVerifier } from './login.ts';
import { tenantIdOf } from './registry.ts';

/** Milliseconds that a statement of a reader may take. A session can ask for more; the limit is for mistakes, not for attacks. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** Connections of one reader at the same time. */
const CONNECTIONS = 4;

/** The login of a tenant's reader. Its policies know the tenant by this name: access.reader_tenant(). */
export const readerRole = (tenantId: string): string => `reader_${tenantId.replaceAll('-', '')}`;

/**
 * Makes a tenant's reader, or gives the one there is a new password.
 * @returns its name.
 * @throws Error if there is no such tenant, the migrations have not made `tenant_reader`, or this login may not make roles.
 */
export async function makeReader(client: ClientBase, slug: string, password: string): Promise<string> {
  const role = await roleOf(client, slug);
  const settings = {
    default_transaction_read_only: 'on',
    statement_timeout: String(STATEMENT_TIMEOUT_MS),
    idle_in_transaction_session_timeout: '60000',
  };
  const verifier = scramVerifier(password);
  await client.query('begin');
  try {
    if ((await oidOf(client, role)) === undefined) await client.query(`create role ${role}`);
    await client.query(
      `alter role ${role} login inherit password '${verifier}' connection limit ${CONNECTIONS}; grant tenant_reader to ${role}`,
    );
    for (const [name, value] of Object.entries(settings)) {
      await client.query(`alter role ${role} set ${name} = '${value}'`);
    }
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    const { code } = cause as { code?: string };
    if (code === '42704')
      throw new Error('there is no role tenant_reader: apply the migrations first (db apply)', { cause });
    if (code === '42501')
      throw new Error(
        'this login may not make the reader: it needs CREATEROLE and, from Postgres 16 on, ADMIN on tenant_reader',
        { cause },
      );
    throw cause;
  }
  return role;
}

/** Ends its connections and removes it. @returns false if there is none. @throws Error if there is no such tenant. */
export async function removeReader(client: ClientBase, slug: string): Promise<boolean> {
  const role = await roleOf(client, slug);
  const oid = await oidOf(client, role);
  if (oid === undefined) return false;
  await client.query(`alter role ${role} nologin`);
  // What is still connected will read nothing any more: its rights go with the role. An operator who may not end it can leave it.
  await client
    .query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usesysid = $1', [oid])
    .catch((error) => {
      if ((error as { code?: string }).code !== '42501') throw error;
    });
  // Every login may make large objects, and a role that owns something cannot be dropped. To drop them takes the role's own rights.
  await client.query(`grant ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  return true;
}

const roleOf = async (client: ClientBase, slug: string) => readerRole(await tenantIdOf(client, slug));

async function oidOf(client: ClientBase, role: string): Promise<number | undefined> {
  const { rows } = await client.query<{ oid: number }>('select oid from pg_roles where rolname = $1', [role]);
  return rows[0]?.oid;
}
