// The jobs in Kubernetes, each a run of its own: `node job.mjs prepare|backup|archive|drill`. They do what `ops compose start`,
// `ops backup run`, `ops archive run` and `ops restore-drill` do. Exit code 1: failed; the cluster tries again.
import { readFileSync } from 'node:fs';
import { ArchiveOff, runArchive } from '../archive/archive.ts';
import { findBackup, makeBackup } from '../backup/backup.ts';
import { recordedDrill } from '../backup/drill.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { folderStore } from '../store.ts';

const FOLDER = '/var/lib/mqtt-saas';
const SECRETS = '/run/secrets';
/** The pod's own, which only its containers reach, without a password: provisioning/compose/scratch.sh. */
const SCRATCH = { url: 'postgres://postgres:none@127.0.0.1:5432/postgres', stop: async () => {} };

const [name = ''] = process.argv.slice(2);
const read = (file: string) => readFileSync(`${SECRETS}/${file}`, 'utf8').trimEnd();
const database = (file: string) => ({ url: read(file), ca: read('database-ca.crt') });
const say = (message: string) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), service: name, message }));
const vault = () => ({ store: folderStore(`${FOLDER}/backups`), key: read('backup.key') });

async function prepare(): Promise<void> {
  const url = new URL(
    `postgres://${process.env.DATABASE_HOST}:${process.env.DATABASE_PORT}/postgres?sslmode=verify-full`,
  );
  url.username = 'postgres';
  url.password = encodeURIComponent(read('database.password'));
  await prepareDatabase({ url: url.href, ca: read('database-ca.crt') }, read, say);
}

async function backup(): Promise<void> {
  const made = await makeBackup(database('backup.url'), vault(), say);
  say(`${made.name}: ${made.rows} rows, ${made.bytes} bytes, read back whole`);
}

async function archive(): Promise<void> {
  const store = folderStore(`${FOLDER}/archive`, read('archive-links.key'));
  const { rows, problems } = await runArchive(database('archive.url'), store, say).catch((error: Error) => {
    if (!(error instanceof ArchiveOff)) throw error;
    say(error.message);
    return { rows: 0n, problems: [] };
  });
  say(`${rows} rows stored`);
  if (problems.length > 0) throw new Error(problems.join('; '));
}

async function drill(): Promise<void> {
  const { store, key } = vault();
  const newest = await findBackup(store, undefined);
  say(await recordedDrill(database('backup.url'), { store, key }, newest, say, async () => SCRATCH));
}

const JOBS: Record<string, () => Promise<void>> = { prepare, backup, archive, drill };

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  const job = JOBS[name];
  if (!job) throw new Error(`there is no job "${name}": name one of ${Object.keys(JOBS).join(', ')}`);
  await job();
  say('done');
} catch (error) {
  say(`failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
