// Postgres on this machine, from the binaries npm installed. Loopback only; its data survive a restart.
import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from './child.ts';
import { logEnd } from './log-end.ts';
import { freePort, isPortFree } from './ports.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { ensureCluster, readPidFile, releaseCluster } from './postgres-cluster.ts';
import { makeDataFolder } from './postgres-folder.ts';
import { SERVICE_USER } from './unprivileged.ts';

/** How Postgres is started. */
export interface PostgresOptions {
  /** Folder for the cluster, its password and its log; made when missing. */
  dataDir: string;
  /** Port on 127.0.0.1. Default: a free one. */
  port?: number;
  /** False gives up surviving a power cut, for speed: for tests only. A killed server loses nothing. Default: true. */
  fsync?: boolean;
  /** Data folder of a stopped server that a new cluster begins as a copy of, password included: for tests only. */
  template?: string;
  /** How long another server that is shutting down may take to let go of the folder, in milliseconds. Default: 10 s. */
  releaseMs?: number;
}

/** A running Postgres. */
export interface RunningPostgres {
  /** URL of the superuser `postgres`, with its password, over TCP loopback. */
  url: string;
  port: number;
  child: ChildProcess;
  /** Where the files really are: see makeDataFolder. */
  dataDir: string;
  /** The server's log. */
  logFile: string;
  /** Fast shutdown: cuts clients off, rolls open transactions back, writes everything out. Safe to call twice. */
  stop(): Promise<void>;
}

/** How long to wait for readiness, crash recovery included. */
const READY_MS = 60_000;
/** How long the last checkpoint may take before the server is killed; killed, it recovers at its next start. */
const STOP_MS = 30_000;
const POLL_MS = 20;

/**
 * Starts Postgres and resolves when it accepts connections. It stops when this process ends, however that ends.
 * As root it runs as the user "nobody", because Postgres refuses to run as root.
 * @throws Error when the port is taken, another server uses the folder, or the server does not start.
 */
export async function startPostgres({
  dataDir: wanted,
  port,
  fsync = true,
  template,
  releaseMs = 10_000,
}: PostgresOptions): Promise<RunningPostgres> {
  const binaries = await findPostgresBinaries();
  const dataDir = await makeDataFolder(wanted);
  const { cluster, password } = await ensureCluster(binaries, dataDir, fsync, template);
  await releaseCluster(cluster, releaseMs);
  // Not before: processes of a server that was killed may hold its port until they notice.
  if (port !== undefined && !(await isPortFree(port))) {
    throw new Error(
      `port ${port} on 127.0.0.1 is taken: stop the program that uses it, or choose another port for Postgres`,
    );
  }

  const chosen = port ?? (await freePort());
  const logFile = join(dataDir, 'postgres.log');
  const start = async () => {
    const log = await open(logFile, 'w', 0o600);
    const child = startChild(binaries.postgres, ['-D', cluster, ...settings(chosen, fsync)], {
      stdio: ['ignore', log.fd, log.fd],
      cwd: '/',
      user: SERVICE_USER,
      // SIGINT is Postgres' fast shutdown; on SIGTERM it would wait for its clients to leave.
      onParentDeath: 'INT',
    });
    await log.close();
    try {
      await untilReady(child, cluster, logFile);
      return child;
    } catch (error) {
      await stopServer(child);
      throw error;
    }
  };
  // The workers of a server that was killed need a moment to notice; until then they hold its shared memory.
  const deadline = Date.now() + READY_MS;
  const startAgain = async (error: Error): Promise<ChildProcess> => {
    if (!error.message.includes('pre-existing shared memory block') || Date.now() > deadline) throw error;
    await sleep(100);
    return start().catch(startAgain);
  };
  const child = await start().catch(startAgain);
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${chosen}/postgres`,
    port: chosen,
    child,
    dataDir,
    logFile,
    stop: () => stopServer(child),
  };
}

/** Resolves when the server has written everything out and is gone. */
export const stopServer = (child: ChildProcess) => stopChild(child, 'SIGINT', STOP_MS);

function settings(port: number, fsync: boolean): string[] {
  const values = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    fsync: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The server writes "ready", or "standby", into the last line of its postmaster.pid: what pg_ctl waits for, too. */
async function untilReady(child: ChildProcess, cluster: string, logFile: string): Promise<void> {
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = `cannot be started: ${error.message}`;
  });
  child.once('exit', (code, signal) => {
    failure = `stopped at once (${signal ?? `exit code ${code}`})`;
  });
  const deadline = Date.now() + READY_MS;
  while (failure === undefined) {
    const lines = await readPidFile(cluster);
    if (lines[0] === String(child.pid) && ['ready', 'standby'].includes(lines.at(-1)?.trim() ?? '')) return;
    if (Date.now() > deadline) failure = `was not ready after ${READY_MS / 1000} s`;
    await sleep(POLL_MS);
  }
  throw new Error(`Postgres ${failure}; ${logEnd(logFile)}`);
}

/** The database's address with another role. */
export function roleUrl(url: string, role: string, password: string): string {
  const changed = new URL(url);
  changed.username = role;
  changed.password = password;
  return changed.href;
}
