// Logins that read one tenant under row-level security: made and removed by `ops reader`.
import type { ClientBase } from 'pg';
import { scramVerifier } from './login.ts';

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
    if (!(await exists(client, role))) await client.query(`create role ${role}`);
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
  if (!(await exists(client, role))) return false;
  await client.query(`alter role ${role} nologin`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role]);
  await client.query(`drop role ${role}`);
  return true;
}

async function roleOf(client: ClientBase, slug: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select id from public.tenants where slug = $1', [slug]);
  if (!rows[0]) throw new Error(`there is no tenant "${slug}": see "tenant list"`);
  return readerRole(rows[0].id);
}

async function exists(client: ClientBase, role: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  return rowCount === 1;
}
