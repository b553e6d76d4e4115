// How long a backup takes, and a drill with it: dump, read back, restore, compare. docs/backup.md plans with these numbers.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupKey } from '../domain/backup-key.ts';
import { generateKey } from '../domain/credentials.ts';
import { roleUrl } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { findBackup, makeBackup } from '../ops/backup/backup.ts';
import { drill } from '../ops/backup/drill.ts';
import { folderStore } from '../ops/store.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { fillTelemetry } from './support/telemetry-fill.ts';

/** @param args number of readings. Default: 1,000,000. */
export async function run([readings = '1000000']: string[] = []): Promise<void> {
  const postgres = await startScratchPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'backup-bench-'));
  try {
    const password = generateKey();
    const bytes = await withConnection(postgres.url, async (client) => {
      await fillTelemetry(client, Number(readings));
      await setLogin(client, 'backup_reader', password);
      const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
      return Number(rows[0]!.bytes);
    });
    const vault = { store: folderStore(folder), key: backupKey(randomBytes(32)) };
    const started = performance.now();
    const step = (line: string) => console.log(`${seconds(started)} s  ${line}`);
    const made = await makeBackup({ url: roleUrl(postgres.url, 'backup_reader', password) }, vault, step);
    step(
      `backup of ${made.rows} rows: ${(made.bytes / 1e6).toFixed(1)} MB of a database of ${(bytes / 1e6).toFixed(0)} MB`,
    );
    const { problems } = await drill(vault, await findBackup(vault.store, made.name), step);
    step(problems.length === 0 ? 'everything is equal' : problems.join('; '));
    const { user, system } = process.cpuUsage();
    step(
      `of it ${((user + system) / 1e6).toFixed(0)} CPU s, ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB, in this process`,
    );
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  }
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(0).padStart(4);
