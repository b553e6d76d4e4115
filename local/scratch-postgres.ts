// A throw-away Postgres with the platform's schema: for tests and benchmarks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';

/** What a scratch database holds. */
export interface ScratchOptions {
  /** False leaves it bare. Default: true, all migrations applied. */
  migrate?: boolean;
}

/**
 * Starts a Postgres in a temporary folder on a free port, without fsync; `stop()` removes the folder.
 * Takes about two seconds: start one a test file, not one a test.
 */
export async function startScratchPostgres({ migrate = true }: ScratchOptions = {}): Promise<RunningPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'mqtt-saas-postgres-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const postgres = await startPostgres({ dataDir: folder, fsync: false }).catch(async (error) => {
    await remove();
    throw error;
  });
  const stop = async () => {
    await postgres.stop();
    await remove();
  };
  if (migrate) {
    await applyMigrations(postgres.url).catch(async (error) => {
      await stop();
      throw error;
    });
  }
  return { ...postgres, stop };
}
