// Restores with the real programs and servers: what becomes of the database, whatever becomes of the restore.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { inTransaction, withConnection } from '../../provisioning/database/connect.ts';
import { makeDatabase } from '../../provisioning/database/testing/database.ts';
import { compareFacts, readFacts } from './facts.ts';
import { restoreInto } from './restore.ts';
import { type BackupLab, startBackupLab } from './testing/lab.ts';

let lab: BackupLab;
beforeAll(async () => {
  lab = await startBackupLab();
});
afterAll(() => lab.stop());

it('a restore replaces what is there, and ends with what was backed up', async () => {
  const url = await makeDatabase(lab.url);
  await applyMigrations(url);
  await withConnection(url, async (client) => {
    await client.query(
      "create schema later; create table later.mine (id int); update public.tenants set name = 'Changed'",
    );
    const good = await lab.facts();
    await restoreInto({ url }, lab.vault, lab.made.name, good);
    expect(compareFacts(good, await inTransaction(client, () => readFacts(client)))).toEqual([]);
  });
});

it('a restore that fails leaves the database as it was', async () => {
  const url = await makeDatabase(lab.url);
  const good = await lab.facts();
  await restoreInto({ url }, lab.vault, lab.made.name, good);
  const cut = await lab.resealed('backup-20200108T000000Z', (dump) => dump.subarray(0, dump.length - 2000));
  await expect(restoreInto({ url }, lab.vault, cut.name, good)).rejects.toThrow('as it was');
  const { rows } = await withConnection(url, (client) => client.query('select count(*)::int as n from public.tenants'));
  expect(rows[0].n).toBeGreaterThan(1);
});

it('a restore that is killed leaves the database as it was', async () => {
  const url = await makeDatabase(lab.url);
  await restoreInto({ url }, lab.vault, lab.made.name, await lab.facts());
  // The second reading of the dump is the restore itself. It stops near the end, and the program dies.
  const program = `
    import { Readable } from 'node:stream';
    import { buffer } from 'node:stream/consumers';
    import { findBackup, verifyBackup } from './ops/backup/backup.ts';
    import { restoreInto } from './ops/backup/restore.ts';
    import { seal, open } from './ops/backup/seal.ts';
    import { folderStore } from './ops/store.ts';
    const { URL_OF_DATABASE: url, FOLDER: folder, NAME: name, KEY: key } = process.env;
    const store = folderStore(folder);
    const facts = await verifyBackup({ store, key }, await findBackup(store, name));
    let readings = 0;
    const get = async (object) => {
      readings += 1;
      if (readings === 1) return store.get(object);
      const dump = await buffer(await open(await store.get(object), key));
      async function* cut() {
        yield dump.subarray(0, dump.length - 2000);
        await new Promise((resolve) => setTimeout(resolve, 2000));
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => {});
      }
      return seal(Readable.from(cut()), key);
    };
    await restoreInto({ url }, { store: { ...store, get }, key }, name, facts);`;
  const environment = { URL_OF_DATABASE: url, FOLDER: lab.folder, NAME: lab.made.name, KEY: lab.vault.key };
  const { signal, stderr } = spawnSync('node', ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  expect(signal, stderr).toBe('SIGKILL');
  const programs = "select count(*)::int as n from pg_stat_activity where application_name = 'mqtt-saas backup'";
  await expect.poll(async () => (await lab.admin.query(programs)).rows[0].n).toBe(0);
  const found = await withConnection(url, (client) => inTransaction(client, () => readFacts(client)));
  expect(compareFacts(await lab.facts(), found)).toEqual([]);
});

it.each(['SIGTERM', 'SIGHUP'] as const)('lets the app in again after a restore that %s meets', async (signal) => {
  const program = `
    import { withAppStopped } from './ops/backup/app.ts';
    const work = async () => {
      process.kill(process.pid, '${signal}');
      await new Promise((resolve) => setTimeout(resolve, 500));
      throw new Error('what the database says to programs that have ended');
    };
    await withAppStopped({ kind: 'local' }, { url: process.env.URL_OF_DATABASE }, work, () => {});`;
  const { stderr } = spawnSync('node', ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, URL_OF_DATABASE: lab.url },
    encoding: 'utf8',
  });
  const { rows } = await lab.admin.query("select rolcanlogin from pg_roles where rolname = 'mqtt_ingest'");
  expect(rows, stderr).toEqual([{ rolcanlogin: true }]);
});
