// A database with two tenants, a backup of it in a folder, and copies of that backup that are spoilt.
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { backupKey } from '../../../domain/backup-key.ts';
import { generateKey } from '../../../domain/credentials.ts';
import { roleUrl } from '../../../lab/postgres.ts';
import { setLogin } from '../../../provisioning/database/login.ts';
import { startTestDatabase } from '../../../provisioning/database/testing/database.ts';
import { makeWorld } from '../../../provisioning/database/testing/world.ts';
import { folderStore } from '../../store.ts';
import { findBackup, makeBackup, type StoredFacts, type Vault, verifyBackup } from '../backup.ts';
import { dumpOf, factsOf } from '../kept.ts';
import { open, seal } from '../seal.ts';

export const quiet = () => {};

export type BackupLab = Awaited<ReturnType<typeof startBackupLab>>;

/** Starts it, and makes the backup. */
export async function startBackupLab() {
  const database = await startTestDatabase();
  const { admin, postgres } = database;
  await makeWorld(admin);
  const folder = mkdtempSync(join(tmpdir(), 'backup-test-'));
  const vault: Vault = { store: folderStore(folder), key: backupKey(randomBytes(32)) };
  const password = generateKey();
  await setLogin(admin, 'backup_reader', password);
  /** How the role that makes backups reads a database of this server. */
  const readerOf = (url: string) => ({ url: roleUrl(url, 'backup_reader', password) });
  const made = await makeBackup(readerOf(postgres.url), vault, quiet);
  const backupNamed = (name: string) => findBackup(vault.store, name);
  const facts = async () => verifyBackup(vault, await backupNamed(made.name));

  /** A copy of the backup under another name, spoilt. */
  async function spoilt(name: string, spoil: { dump?: (file: string) => void; facts?: (facts: StoredFacts) => void }) {
    copyFileSync(join(folder, dumpOf(made.name)), join(folder, dumpOf(name)));
    spoil.dump?.(join(folder, dumpOf(name)));
    const changed = await facts();
    changed.bytes = readFileSync(join(folder, dumpOf(name))).length;
    spoil.facts?.(changed);
    await vault.store.put(factsOf(name), await seal(Readable.from([Buffer.from(JSON.stringify(changed))]), vault.key));
    return backupNamed(name);
  }

  /** The dump inside, changed and encrypted again. */
  async function resealed(name: string, change: (dump: Buffer) => Buffer) {
    const dump = await buffer(await open(await vault.store.get(dumpOf(made.name)), vault.key));
    const bytes = await buffer(await seal(Readable.from([change(dump)]), vault.key));
    return spoilt(name, { dump: (file) => writeFileSync(file, bytes) });
  }

  return {
    url: postgres.url,
    admin,
    folder,
    vault,
    password,
    readerOf,
    made,
    backupNamed,
    facts,
    spoilt,
    resealed,
    stop: async () => {
      await database.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
