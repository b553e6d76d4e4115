// Takes readings out of their tables when their time is over, step by step. What leaves when is in the database: `ingest.retire_day`,
// `ingest.retire_rows`, `ingest.drop_retired`. Links to the archive that have ended go, too.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/connection.ts';
import { LEAST_MS, step } from '../database/step.ts';
import type { Logger } from '../runtime/log.ts';

/** Rows a step. */
const STEP = 5_000;
/** Requests for links to the archive, each with up to 1,000 links. */
const REQUESTS = 5;
/** How often a partition's lock is asked for, and the pause between: each time inserts wait for it, for 0.3 s at most. */
const TRIES = 3;
const PAUSE_MS = 1_500;

/** SQLSTATE of lock_not_available. */
const LOCKED = '55P03';

/**
 * Each step is a transaction of its own, so that ingest never waits long.
 * @param leftMs milliseconds that are left, asked before each step; the rest waits for the next time.
 * @returns days and rows that left their tables.
 */
export async function retire(
  database: Database,
  log: Logger,
  leftMs: () => number,
): Promise<{ days: number; rows: number }> {
  const one = <T>(call: string, values: unknown[] = []) => step<T>(database, call, values, leftMs());
  const isTime = () => leftMs() >= LEAST_MS;
  const retired = { days: 0, rows: 0 };
  for (let tries = 0; isTime(); ) {
    try {
      const day = await one<string | null>('ingest.retire_day()');
      if (day === null) break;
      log.info({ table: day }, 'a day of readings left');
      retired.days++;
      tries = 0;
    } catch (error) {
      if ((error as { code?: string }).code !== LOCKED) throw error;
      // Somebody reads for long: a dump, a query. The next turn tries again.
      if (++tries === TRIES) break;
      await sleep(PAUSE_MS);
    }
  }
  while (isTime()) {
    const rows = await one<number>('ingest.retire_rows($1)', [STEP]);
    if (rows === 0) break;
    retired.rows += rows;
  }
  while (isTime() && (await one<string | null>('ingest.drop_retired($1)', [STEP])) !== null);
  while (isTime() && (await one<number>('ingest.end_archive_links($1)', [REQUESTS])) > 0);
  return retired;
}
