// The container that backs up and archives every night: a program of its own, which does what `ops backup run` and `ops archive run`
// do. A host that is off at night has it made up when it is on again.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runArchive } from '../archive/archive.ts';
import { listBackups, makeBackup } from '../backup/backup.ts';
import { folderStore } from '../store.ts';
import { Schedule } from './schedule.ts';

const FOLDER = '/var/lib/mqtt-saas';
const SECRETS = '/run/secrets';
const LOOK_EVERY_MS = 60_000;

const read = (name: string) => readFileSync(`${SECRETS}/${name}`, 'utf8').trimEnd();
const database = (name: string) => ({ url: read(name), ca: read('database-ca.crt') });
const say = (message: string) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), service: 'nightly', message }));

const backups = folderStore(`${FOLDER}/backups`);
async function backUp(): Promise<string> {
  const made = await makeBackup(database('backup.url'), { store: backups, key: read('backup.key') }, say);
  return `${made.name}: ${made.rows} rows, ${made.bytes} bytes, read back whole`;
}

async function isBackupDue(lastDue: number): Promise<boolean> {
  const newest = (await listBackups(backups)).find(({ isGood }) => isGood);
  return newest === undefined || newest.at.getTime() < lastDue;
}

/** Since this container started, which does it once more: what is stored already is not stored again. */
let archivedAt = 0;
async function archive(): Promise<string> {
  const store = folderStore(`${FOLDER}/archive`, read('archive-links.key'));
  const { rows, problems } = await runArchive(database('archive.url'), store, say);
  archivedAt = Date.now();
  // What it does not store tonight waits for tomorrow.
  return `${rows} rows stored${problems.map((problem) => `; ${problem}`).join('')}`;
}

const schedule = new Schedule(
  [
    { name: 'backup', isDue: isBackupDue, run: backUp },
    { name: 'archive', isDue: (lastDue) => archivedAt < lastDue, run: archive },
  ],
  say,
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
for (;;) {
  await schedule.look();
  await sleep(LOOK_EVERY_MS);
}
