// Removes what has ended, step by step. What is pruned when is in the database: `ingest.prune`.
import type { Database } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';

/** The names that `ingest.prune` knows. */
export const PRUNED = [
  'waiting commands',
  'temporary limits',
  'dead letters',
  'dead letter counts',
  'ended commands',
  'invitations',
  'audit log',
  'revoked keys',
  'ledger',
  'refusals',
  'untimed',
] as const;

/** Rows a step, and steps for one name a time: the rest goes the next time. */
const STEP = 1_000;
const MOST_STEPS = 50;
const STEP_TIMEOUT = 'set local statement_timeout = 5000';

/**
 * Each step is a transaction of its own, so no lock is held for long. A failure is logged, and the other names go on.
 * @param isTimeUp asked after each step; the rest waits for the next time. Default: never.
 */
export async function prune(database: Database, log: Logger, isTimeUp = () => false): Promise<void> {
  for (const what of PRUNED) {
    try {
      for (let step = 0; step < MOST_STEPS; step++) {
        if (isTimeUp()) return;
        const pruned = await database.transaction(STEP_TIMEOUT, async (client) => {
          const { rows } = await client.query<{ n: number }>('select ingest.prune($1, $2) as n', [what, STEP]);
          return rows[0]?.n ?? 0;
        });
        if (pruned < STEP) break;
      }
    } catch (error) {
      log.warn({ error: summarizeError(error), what }, 'pruning failed, it is tried again');
    }
  }
}
