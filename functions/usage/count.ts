// Counts what each tenant used, day by day, step by step. What is counted from where is in the database: `ingest.count_usage`.
import type { Database } from '../database/connection.ts';
import { step } from '../database/step.ts';
import type { Logger } from '../runtime/log.ts';

/** Tenants a step. */
const STEP = 100;
/** With less time left, in milliseconds, no step begins. */
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
  for (let left = leftMs(); left >= LEAST_MS; left = leftMs())
    if (!(await step<boolean>(database, 'ingest.count_usage($1)', [STEP], left))) break;
}
