// One scratch Postgres for all tests of a file.
import { afterAll, beforeAll } from 'vitest';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';

/** Starts it before the file's tests and stops it after them. @returns what gives it to a test. */
export function postgresOfFile(options?: Parameters<typeof startScratchPostgres>[0]): () => RunningPostgres {
  let postgres: RunningPostgres;
  beforeAll(async () => {
    postgres = await startScratchPostgres(options);
  });
  afterAll(() => postgres?.stop());
  return () => postgres;
}
