// A throw-away Postgres with the platform's schema: for tests and benchmarks.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { migrationsHash } from '../provisioning/database/migrations.ts';
import { madeOnce } from './made-once.ts';
import { type RunningPostgres, startPostgres, stopServer } from './postgres.ts';
import { removeDataFolder } from './postgres-folder.ts';

const run = promisify(execFile);

/** Names the folder in which a run of the tests keeps its templates; unset: every scratch database is made from nothing. */
export const TEMPLATES = 'SCRATCH_POSTGRES_TEMPLATES';

/** What a scratch database holds. */
export interface ScratchOptions {
  /** False leaves it bare. Default: true, all migrations applied. */
  migrate?: boolean;
}

/**
 * Starts a Postgres in a temporary folder on a free port, without fsync; `stop()` removes the folder.
 * Within a run of the tests it is a copy of the run's template. Starting takes longer than most tests: start one for a test
 * file, not one for each test.
 */
export async function startScratchPostgres({ migrate = true }: ScratchOptions = {}): Promise<RunningPostgres> {
  const templates = process.env[TEMPLATES];
  if (templates !== undefined) return start(await templateOf(templates, migrate));
  const postgres = await start();
  if (migrate) {
    await applyMigrations(postgres.url).catch(async (error) => {
      await postgres.stop();
      throw error;
    });
  }
  return postgres;
}

async function start(template?: string): Promise<RunningPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'mqtt-saas-postgres-'));
  const postgres = await startPostgres({ dataDir: folder, fsync: false, template }).catch(async (error) => {
    await removeDataFolder(folder);
    throw error;
  });
  const stop = async () => {
    await postgres.stop();
    await removeDataFolder(folder);
  };
  return { ...postgres, stop };
}

/** The data folder of a stopped server. Migrations that change while tests are watched make another one. */
async function templateOf(templates: string, migrate: boolean): Promise<string> {
  const template = join(templates, migrate ? `postgres-${await migrationsHash()}` : 'postgres-bare');
  await madeOnce(template, async (partial) => {
    const postgres = await start(migrate ? await templateOf(templates, false) : undefined);
    try {
      if (migrate) await applyMigrations(postgres.url);
      // What is copied must be at rest; `postgres.stop` removes it.
      await stopServer(postgres.child);
      await mkdir(partial);
      const files = ['cluster', 'superuser.password'].map((name) => join(postgres.dataDir, name));
      await run('cp', ['-a', ...files, partial]);
    } finally {
      await postgres.stop();
    }
  });
  return template;
}
