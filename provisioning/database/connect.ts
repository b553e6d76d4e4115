// Opens a connection, and says what is wrong without ever showing the URL's password.
import { Client } from 'pg';

/** How long a connection may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 15_000;

/** `user@host:port/database` of a connection URL: what a message may show of it. */
export function describeUrl(url: string): string {
  const parsed = parse(url);
  return `${parsed.username || 'unknown user'}@${parsed.hostname}:${parsed.port || '5432'}${parsed.pathname}`;
}

/** True when the URL holds a password. */
export function hasPassword(url: string): boolean {
  return parse(url).password !== '';
}

/**
 * A connected client; the caller ends it.
 * @param url `postgres://user:password@host:port/database`, also `?sslmode=…&sslrootcert=…`.
 * @throws Error that names the server and what to look at.
 */
export async function connect(url: string): Promise<Client> {
  const server = describeUrl(url);
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'mqtt-saas ops',
  });
  // A lost connection also rejects the query in flight; unheard, the event would end the process.
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
export async function withConnection<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Runs `work` in one transaction. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
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

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // More than a name behind the host is the rest of a password that was not encoded: no message may show it.
  const isWhole = parsed && /^\/[^/@]*$|^$/.test(parsed.pathname);
  if (!isWhole || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw new Error(
      'the database URL is not of the form postgres://user:password@host:port/database (percent-encode special characters of the password)',
    );
  }
  return parsed;
}

const HINTS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there; is the server running, and is the port right?',
  ENOTFOUND: 'no such host; check the name',
  ENETUNREACH: 'no route; db.<ref>.supabase.co is IPv6 only, use the pooler address',
  '28P01': 'user or password is wrong',
  '28000': 'the server does not let this user in',
  '3D000': 'there is no such database',
};

function explain(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string };
  const hint = code === undefined ? undefined : HINTS[code];
  return [code, hint ?? message].filter(Boolean).join(': ');
}
