// Opens a connection, and explains failures without ever showing the URL's password.
import { readFileSync } from 'node:fs';
import { Client, type ClientBase } from 'pg';
import { type DatabaseAddress, readDatabaseUrl } from '../../domain/database-url.ts';

/** How long a connection may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 15_000;

/** A database, and the CA to trust. */
export interface DatabaseAccess {
  /** `postgres://user:password@host:port/database`, also `?sslmode=…&sslrootcert=…`: domain/database-url.ts. */
  url: string;
  /** PEM to trust instead of the public authorities. */
  ca?: string | undefined;
}

/** @throws Error that says what is wrong with the URL. */
export function addressOf(database: string | DatabaseAccess): DatabaseAddress {
  const { url, ca } = typeof database === 'string' ? { url: database, ca: undefined } : database;
  try {
    return readDatabaseUrl(url, { ca, readFile: (path) => readFileSync(path, 'utf8') });
  } catch (error) {
    throw new Error(`the database URL ${(error as Error).message}`);
  }
}

/** `user@host:port/database`: what a message may show of a database. */
export function describeDatabase(database: string | DatabaseAccess): string {
  const { user, host, port, database: name } = addressOf(database);
  return `${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(name)}`;
}

/**
 * A connected client; the caller ends it.
 * @throws Error that names the server and what to check.
 */
export async function connect(database: string | DatabaseAccess): Promise<Client> {
  const server = describeDatabase(database);
  const client = new Client({
    ...addressOf(database),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'mqtt-saas ops',
  });
  // A lost connection also rejects the running query; without a listener, this event would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    await client.end().catch(() => {});
    throw new Error(`cannot connect to ${server}: ${explain(cause)}`, { cause });
  }
  return client;
}

/** Runs `work` with a connection of its own and closes it in every case. */
export async function withConnection<T>(
  database: string | DatabaseAccess,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(database);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Runs `work` in one transaction. */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

const UNTRUSTED =
  "no public authority certifies the server: add its CA to the URL, ?sslrootcert=FILE (Supabase's is in its dashboard, under Database, SSL)";
const HINTS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there; is the server running, and is the port right?',
  ENOTFOUND: 'no such host; check the name',
  ENETUNREACH: 'no route; db.<ref>.supabase.co is IPv6 only, use the pooler address',
  '28P01': 'user or password is wrong',
  '28000': 'the server refuses this user',
  '3D000': 'there is no such database',
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
};

function explain(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string };
  const hint = code === undefined ? undefined : HINTS[code];
  return [code, hint ?? message].filter(Boolean).join(': ');
}
