// Counts what each tenant used, day by day, step by step. What is counted from where is in the database: `ingest.count_usage`.
import type { Client } from 'pg';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';

/** Tenants a step. */
const STEP = 100;
/** What a step may take, in milliseconds, and with how little time none begins. */
const STEP_MS = 5_000;
const LEAST_MS = 500;

/**
 * Each step is a transaction of its own. The next turn goes on where this one ends.
 * @param leftMs milliseconds that are left, asked before each step. Default: no bound.
 * @throws database errors; what was counted before stays.
 */
export async function countUsage(
  database: Database,
  _log: Logger,
  leftMs = () => Number.POSITIVE_INFINITY,
): Promise<void> {
  const step = async (client: Client) =>
    (await client.query<{ more: boolean }>('select ingest.count_usage($1) as more', [STEP])).rows[0]?.more === true;
  let more = true;
  for (let left = leftMs(); more && left >= LEAST_MS; left = leftMs())
    more = await database.transaction('', step, Math.min(STEP_MS, left));
}
