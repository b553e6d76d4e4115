// A copy of Postgres' files that does not need the checkout it was made from, and is repaired if a part of it is missing.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, readlink, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes sure that `target` is a whole copy of `source`, readable by everybody.
 * @throws Error when a symbolic link of the source leads out of it: the copy would break when the source goes away.
 */
export async function ensureCopy(source: string, target: string): Promise<void> {
  if (await isWhole(source, target)) return;
  await refuseStrayLinks(source);
  // Complete or not at all: two processes may copy at once, and either may be killed.
  const [partial, old] = ['partial', 'old'].map((what) => `${target}.${randomUUID()}.${what}`) as [string, string];
  await mkdir(dirname(target), { recursive: true });
  // Without this option Node makes relative links absolute: https://github.com/nodejs/node/issues/41693
  await cp(source, partial, { recursive: true, verbatimSymlinks: true });
  // Whatever the umask was, here and when npm installed.
  await run('chmod', ['-R', 'a+rX', partial]);
  try {
    if (existsSync(target)) await rename(target, old);
    await rename(partial, target);
  } catch (error) {
    if (!(await isWhole(source, target))) throw error;
  } finally {
    for (const folder of [partial, old]) await rm(folder, { recursive: true, force: true });
  }
}

/** True when every file and link of the source is in the copy: of the same size, or with the same destination. */
async function isWhole(source: string, target: string): Promise<boolean> {
  for (const path of await contents(source)) {
    const [original, copied] = await Promise.all([describe(join(source, path)), describe(join(target, path))]);
    if (original !== copied) return false;
  }
  return true;
}

async function refuseStrayLinks(source: string): Promise<void> {
  for (const path of await contents(source)) {
    const file = join(source, path);
    if (!(await lstat(file)).isSymbolicLink()) continue;
    const destination = await readlink(file);
    if (isAbsolute(destination) || relative(source, resolve(dirname(file), destination)).startsWith('..')) {
      throw new Error(
        `${file} is a link to ${destination}, outside of the package: delete node_modules and start again`,
      );
    }
  }
}

const contents = (folder: string) => readdir(folder, { recursive: true });

async function describe(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) return `link to ${await readlink(path)}`;
  if (found?.isDirectory()) return 'folder';
  return found ? `${found.size} bytes` : 'nothing';
}
