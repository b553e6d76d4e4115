// Where a cluster's files lie, and who owns them: Postgres refuses to run as root and to use another user's files.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SHARED_FOLDER } from './postgres-binaries.ts';
import { SERVICE_USER, type User } from './unprivileged.ts';

const run = promisify(execFile);

/**
 * Makes the folder for a cluster and returns its real path: `wanted`, or a folder under /var/lib/mqtt-saas named after it
 * when this process is root and the unprivileged user cannot get to `wanted` (as under /root). A note in `wanted` then
 * says where the data are.
 */
export async function makeDataFolder(wanted: string): Promise<string> {
  await mkdir(wanted, { recursive: true });
  const path = await realpath(wanted);
  if (SERVICE_USER === undefined) return path;
  const { uid, gid } = SERVICE_USER;
  if (await canReach(dirname(path), SERVICE_USER)) {
    await chown(path, uid, gid);
    return path;
  }
  const reachable = elsewhere(path);
  await mkdir(reachable, { recursive: true, mode: 0o700 });
  await chown(reachable, uid, gid);
  await writeFile(
    join(path, 'data-are-elsewhere.txt'),
    `Postgres may not enter this folder; its data are in ${reachable}\n`,
  );
  return reachable;
}

/** Removes a cluster's folder, and its files where they are elsewhere. */
export async function removeDataFolder(wanted: string): Promise<void> {
  const path = await realpath(wanted).catch(() => undefined);
  if (path === undefined) return;
  if (SERVICE_USER) await rm(elsewhere(path), { recursive: true, force: true });
  await rm(path, { recursive: true });
}

function elsewhere(path: string): string {
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return join(SHARED_FOLDER, `data-${name}`);
}

async function canReach(folder: string, { uid, gid }: User): Promise<boolean> {
  try {
    await run('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', 'test', '-x', folder]);
    return true;
  } catch {
    return false;
  }
}
