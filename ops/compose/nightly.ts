// The container that backs up and archives every night: a program of its own, which does what `ops backup run` and `ops archive run`
// do. A host that is off at night has it made up when it is on again.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runArchive } from '../archive/archive.ts';
import { listBackups, makeBackup } from '../backup/backup.ts';
import { folderStore } from '../store.ts';

const FOLDER = '/var/lib/mqtt-saas';
const SECRETS = '/run/secrets';
/** When a day's backup is due, milliseconds after midnight UTC. */
const DUE_MS = (2 * 60 + 15) * 60_000;
const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 60_000;
const AFTER_FAILURE_MS = 3_600_000;

const read = (name: string) => readFileSync(`${SECRETS}/${name}`, 'utf8').trimEnd();
const database = (name: string) => ({ url: read(name), ca: read('database-ca.crt') });
const say = (message: string) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), service: 'nightly', message }));

/** The last time that a backup became due. */
const lastDue = () => Math.floor((Date.now() - DUE_MS) / DAY_MS) * DAY_MS + DUE_MS;

async function archive(): Promise<void> {
  const store = folderStore(`${FOLDER}/archive`, read('archive-links.key'));
  const { rows, problems } = await runArchive(database('archive.url'), store, say);
  say(`archive: ${rows} rows stored${problems.map((problem) => `; ${problem}`).join('')}`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
for (;;) {
  let pause = LOOK_EVERY_MS;
  try {
    const backups = folderStore(`${FOLDER}/backups`);
    const newest = (await listBackups(backups)).find(({ isGood }) => isGood);
    if (newest === undefined || newest.at.getTime() < lastDue()) {
      const made = await makeBackup(database('backup.url'), { store: backups, key: read('backup.key') }, say);
      say(`${made.name}: ${made.rows} rows, ${made.bytes} bytes, read back whole`);
      // What it does not store tonight waits for tomorrow.
      await archive().catch((error: Error) => say(`archive: ${error.message}`));
    }
  } catch (error) {
    say(`failed, tried again in an hour: ${(error as Error).message}`);
    pause = AFTER_FAILURE_MS;
  }
  await sleep(pause);
}
