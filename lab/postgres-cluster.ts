// A cluster's files: made once or copied from a template, and freed of what a killed server left behind.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateKey } from '../domain/credentials.ts';
import { startChild } from './child.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { SERVICE_USER } from './unprivileged.ts';

const run = promisify(execFile);
const POLL_MS = 20;

/**
 * The cluster in `dataDir` and its superuser's password; when there is none, a copy of the template or a new one with a
 * random password.
 * @param sync false: do not wait until the files are on the disk.
 * @param template data folder of a stopped server.
 * @throws Error with what initdb or cp said.
 */
export async function ensureCluster(
  { initdb, major }: PostgresBinaries,
  dataDir: string,
  sync: boolean,
  template?: string,
): Promise<{ cluster: string; password: string }> {
  const cluster = join(dataDir, 'cluster');
  const passwordFile = join(dataDir, 'superuser.password');
  if (!existsSync(cluster)) {
    // Renamed into place once complete: an interrupted one is made again.
    const partial = `${cluster}.partial`;
    await rm(passwordFile, { force: true });
    await rm(partial, { recursive: true, force: true });
    if (template === undefined) {
      await writeFile(passwordFile, `${generateKey()}\n`, { mode: 0o600 });
      if (SERVICE_USER) await chown(passwordFile, SERVICE_USER.uid, SERVICE_USER.gid);
      await runInitdb(initdb, [
        '--pgdata',
        partial,
        '--username',
        'postgres',
        '--pwfile',
        passwordFile,
        '--auth',
        'scram-sha-256',
        '--encoding',
        'UTF8',
        // Built into Postgres 17: sorts the same on every machine, whatever locales it has.
        '--locale',
        'C',
        ...(major >= 17 ? ['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'] : []),
        ...(sync ? [] : ['--no-sync']),
      ]);
    } else {
      // Owner and mode stay: Postgres refuses others. Node's own copy keeps no owner.
      await run('cp', ['-a', join(template, 'superuser.password'), passwordFile]);
      await run('cp', ['-a', '--sparse=always', join(template, 'cluster'), partial]);
    }
    await rename(partial, cluster);
  }
  return { cluster, password: (await readFile(passwordFile, 'utf8')).trim() };
}

async function runInitdb(initdb: string, args: string[]): Promise<void> {
  const child = startChild(initdb, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', user: SERVICE_USER });
  const [said, [code, signal]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  if (code !== 0)
    throw new Error(`initdb could not make a database (${signal ?? `exit code ${code}`}): ${said.trim()}`);
}

/**
 * Waits for a server that is still shutting down, and removes a stale postmaster.pid. Postgres itself would refuse it
 * when another program of the same user has got that process id since, as is common in containers.
 * @throws Error when a live server keeps the cluster for `patienceMs`.
 */
export async function releaseCluster(cluster: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const [pid, , , port] = await readPidFile(cluster);
    if (pid === undefined) return;
    if (!(await worksIn(Number(pid), cluster))) {
      await rm(join(cluster, 'postmaster.pid'), { force: true });
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(`another Postgres (process ${pid}, port ${port}) is using ${cluster}: stop that platform first`);
    }
    await sleep(POLL_MS);
  }
}

/** Lines of postmaster.pid: process id, folder, start time, port, …, and last the server's state. Empty: no file. */
export async function readPidFile(cluster: string): Promise<string[]> {
  const content = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return content === '' ? [] : content.trim().split('\n');
}

/** True when the process lives and its working folder is the cluster, as a Postgres server's always is. */
function worksIn(pid: number, cluster: string): Promise<boolean> {
  return readlink(`/proc/${pid}/cwd`).then(
    (folder) => folder === cluster,
    () => false,
  );
}
