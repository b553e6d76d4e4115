// Removes what has ended, step by step. What is pruned when is in the database: `ingest.prune`.
import type { Database } from '../database/connection.ts';
import { LEAST_MS, step } from '../database/step.ts';
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
  'alerts',
  'audit log',
  'revoked keys',
  'ledger',
  'refusals',
  'untimed',
] as const;

/** Rows a step, and steps for one name a time: the rest goes the next time. */
const STEP = 1_000;
const MOST_STEPS = 50;

/**
 * Each step is a transaction of its own, so no lock is held for long. A failure is logged, and the other names go on.
 * @param leftMs milliseconds that are left, asked before each step; the rest waits for the next time. Default: no bound.
 * @throws Error naming what failed, when the others are done.
 */
export async function prune(database: Database, log: Logger, leftMs = () => Number.POSITIVE_INFINITY): Promise<void> {
  const failed: string[] = [];
  for (const what of PRUNED) {
    try {
      for (let steps = 0; steps < MOST_STEPS; steps++) {
        const left = leftMs();
        if (left < LEAST_MS) break;
        if ((await step<number>(database, 'ingest.prune($1, $2)', [what, STEP], left)) < STEP) break;
      }
    } catch (error) {
      log.warn({ error: summarizeError(error), what }, 'pruning failed, it is tried again');
      failed.push(what);
    }
  }
  if (failed.length > 0) throw new Error(`pruning failed for: ${failed.join(', ')}`);
}
