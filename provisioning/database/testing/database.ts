// A scratch database with the connections that tests need: as the superuser, logged in as a role, or as PostgREST does it.
import { randomBytes } from 'node:crypto';
import type { Client, QueryResult } from 'pg';
import { generateKey } from '../../../domain/credentials.ts';
import type { RunningPostgres } from '../../../lab/postgres.ts';
import { startScratchPostgres } from '../../../lab/scratch-postgres.ts';
import { connect, withConnection } from '../connect.ts';
import { setLogin } from '../login.ts';

/** insufficient_privilege */
export const REFUSED = '42501';
/** no_data_found: also what somebody else's id answers. */
export const NOT_FOUND = 'P0002';
/** invalid_parameter_value */
export const BAD_ARGUMENT = '22023';

/** The partition of the day, UTC. */
export const TODAY = `ingest.telemetry_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;

/** What a token of the auth server says. */
export interface Claims {
  sub?: string;
  email?: string;
}

/** A migrated database and its connections. */
export interface TestDatabase {
  postgres: RunningPostgres;
  admin: Client;
  /** A connection of its own, closed by `stop`: as the superuser, or logged in as one of the platform's login roles. */
  open(role?: string): Promise<Client>;
  /** Runs `sql` as PostgREST would, in a transaction that is undone. */
  asApiRole(role: string, sql: string, values?: unknown[]): Promise<QueryResult>;
  /** Runs `sql` as a signed-in person, in a transaction that is kept. */
  asUser(claims: Claims, sql: string, values?: unknown[]): Promise<QueryResult>;
  stop(): Promise<void>;
}

/** Takes about two seconds: start one a test file. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const postgres = await startScratchPostgres();
  const clients: Client[] = [];
  const openUrl = async (url: string) => {
    const client = await connect(url);
    clients.push(client);
    return client;
  };
  const admin = await openUrl(postgres.url);
  const run = async (end: 'commit' | 'rollback', role: string, claims: Claims, sql: string, values: unknown[] = []) => {
    await admin.query('begin');
    try {
      await become(admin, role, claims);
      const result = await admin.query(sql, values);
      await admin.query(end);
      return result;
    } catch (error) {
      await admin.query('rollback');
      throw error;
    }
  };
  return {
    postgres,
    admin,
    open: async (role) => {
      if (role === undefined) return openUrl(postgres.url);
      const password = generateKey();
      await setLogin(admin, role, password);
      return openUrl(Object.assign(new URL(postgres.url), { username: role, password }).href);
    },
    asApiRole: (role, sql, values) => run('rollback', role, {}, sql, values),
    asUser: (claims, sql, values) => run('commit', 'authenticated', claims, sql, values),
    stop: async () => {
      for (const client of clients) await client.end();
      await postgres.stop();
    },
  };
}

/**
 * A new database, which goes when the server does; roles belong to the server and stay.
 * @param template what it is a copy of: by default an empty one. Nobody may be connected to it.
 * @returns its URL.
 */
export async function makeDatabase(server: string, template = 'template0'): Promise<string> {
  const name = `test_${randomBytes(4).toString('hex')}`;
  const place = (database: string) => Object.assign(new URL(server), { pathname: database }).href;
  await withConnection(place('template1'), (client) => client.query(`create database ${name} template ${template}`));
  return place(name);
}

/** A migrated database of one's own on a server that several share; it goes when the server does. */
export const databaseOn = async (server: RunningPostgres): Promise<RunningPostgres> => ({
  ...server,
  url: await makeDatabase(server.url, 'postgres'),
});

/** Makes the rest of the transaction, or up to its savepoint, run as a role with these claims, as PostgREST does. */
export async function become(client: Client, role: string, claims: Claims = {}): Promise<void> {
  await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
    role,
    JSON.stringify({ ...claims, role }),
  ]);
}
