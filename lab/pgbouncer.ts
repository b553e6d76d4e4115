// PgBouncer in transaction mode, as Supabase's pooler is: each transaction may get another connection of the server.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startChild, stopChild } from './child.ts';
import { freePort } from './ports.ts';
import { giveToService, makeServiceDir, SERVICE_USER } from './unprivileged.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
const START_TIMEOUT_MS = 10_000;
const POOL_SIZE = 4;

/** False when Debian's package `pgbouncer` is not installed, and says how to install it. */
export function hasPgBouncer(): boolean {
  const found = existsSync(PROGRAM);
  if (!found) console.log('skipped: PgBouncer is not installed (apt-get install pgbouncer)');
  return found;
}

/** A running pooler. */
export interface PgBouncer {
  port: number;
  stop(): Promise<void>;
}

/**
 * Starts a pooler in front of a Postgres on loopback. With round robin and a filled pool, two transactions in a row are on
 * different server connections, so that whatever relies on a session fails.
 * @param passwords of the roles that may connect, by role.
 */
export async function startPgBouncer(
  dir: string,
  target: number,
  passwords: Record<string, string>,
): Promise<PgBouncer> {
  makeServiceDir(dir);
  const port = await freePort();
  const files = { config: join(dir, 'pgbouncer.ini'), users: join(dir, 'users.txt'), log: join(dir, 'pgbouncer.log') };
  const users = Object.entries(passwords).map(([role, password]) => `"${role}" "${password}"\n`);
  writeFileSync(files.users, users.join(''), { mode: 0o600 });
  writeFileSync(
    files.config,
    `[databases]
* = host=127.0.0.1 port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
logfile = ${files.log}
auth_type = scram-sha-256
auth_file = ${files.users}
pool_mode = transaction
default_pool_size = ${POOL_SIZE}
server_round_robin = 1
max_client_conn = 200
`,
    { mode: 0o600 },
  );
  for (const file of [files.config, files.users]) giveToService(file);
  const child = startChild(PROGRAM, ['-q', files.config], {
    stdio: 'ignore',
    ...(SERVICE_USER && { user: SERVICE_USER }),
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stopChild(child);
      throw new Error(`PgBouncer did not start: ${existsSync(files.log) ? readFileSync(files.log, 'utf8') : 'no log'}`);
    }
    await sleep(20);
  }
  // SIGINT waits for clients; SIGTERM does not.
  return { port, stop: () => stopChild(child, 'SIGTERM') };
}

/** Has the pooler open all its server connections for a user, by as many transactions at once. */
export async function fillPool(url: string): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: POOL_SIZE }, async () => {
      const client = new pg.Client(url);
      await client.connect();
      await client.query('begin');
      return client;
    }),
  );
  for (const client of clients) {
    await client.query('commit');
    await client.end();
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
