// The jobs in Kubernetes. They do what `ops compose start`, `ops backup run`, `ops archive run` and `ops restore-drill` do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import { ArchiveOff, runArchive } from '../archive/archive.ts';
import { findBackup, makeBackup } from '../backup/backup.ts';
import { recordedDrill } from '../backup/drill.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { folderStore } from '../store.ts';

/** What a job works with. */
export interface Place {
  /** Folder with a file a secret. */
  secrets: string;
  /** Folder with `backups` and `archive`. */
  stores: string;
  /** Address of the platform's database as its superuser, without a password. */
  database: string;
  /** Address of an empty server for a drill, as its superuser. */
  scratch: string;
}

/** Runs one. @param say called at each step. @throws Error that says what failed. */
export async function runJob(name: string, place: Place, say: (message: string) => void): Promise<void> {
  const job = Object.hasOwn(JOBS, name) ? JOBS[name] : undefined;
  if (!job) throw new Error(`there is no job "${name}": name one of ${Object.keys(JOBS).join(', ')}`);
  const read = (file: string) => readFileSync(join(place.secrets, file), 'utf8').trimEnd();
  const access = (url: string): DatabaseAccess => ({ url, ca: read('database-ca.crt') });
  await job({ place, read, access, say });
}

interface Work {
  place: Place;
  read(file: string): string;
  access(url: string): DatabaseAccess;
  say(message: string): void;
}

const JOBS: Record<string, (work: Work) => Promise<void>> = {
  prepare: async ({ place, read, access, say }) => {
    const url = new URL(place.database);
    url.password = encodeURIComponent(read('database.password'));
    await prepareDatabase(access(url.href), read, say);
  },
  backup: async ({ place, read, access, say }) => {
    const vault = { store: folderStore(join(place.stores, 'backups')), key: read('backup.key') };
    const made = await makeBackup(access(read('backup.url')), vault, say);
    say(`${made.name}: ${made.rows} rows, ${made.bytes} bytes, read back whole`);
  },
  archive: async ({ place, read, access, say }) => {
    const store = folderStore(join(place.stores, 'archive'), read('archive-links.key'));
    try {
      const { rows, problems } = await runArchive(access(read('archive.url')), store, say);
      say(`${rows} rows stored`);
      if (problems.length > 0) throw new Error(problems.join('; '));
    } catch (error) {
      // Nobody wants it: no failure.
      if (!(error instanceof ArchiveOff)) throw error;
      say(error.message);
    }
  },
  drill: async ({ place, read, access, say }) => {
    const vault = { store: folderStore(join(place.stores, 'backups')), key: read('backup.key') };
    const newest = await findBackup(vault.store, undefined);
    const scratch = { url: place.scratch, stop: async () => {} };
    say(await recordedDrill(access(read('backup.url')), vault, newest, say, async () => scratch));
  },
};
