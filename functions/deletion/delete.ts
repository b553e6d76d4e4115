// Carries out deletions step by step. What is deleted in which order is in the database: `ingest.deletion_step`.
import type { Database } from '../database/connection.ts';
import { blameOf } from '../database/sqlstate.ts';
import { LEAST_MS, step } from '../database/step.ts';
import type { Logger } from '../runtime/log.ts';

/** Rows of a step. Fewer when a step took too long, back to the first after it succeeded. */
const STEPS = [5_000, 500, 50] as const;

/**
 * One turn: steps until nothing is due. Each is a transaction of its own; the next turn goes on where this one stopped.
 * @throws what a step failed with, when even the smallest one does. It is tried again with the next turn.
 */
export async function carryOutDeletions(database: Database, log: Logger, leftMs: () => number): Promise<void> {
  let size = 0;
  let steps = 0;
  for (let left = leftMs(); left >= LEAST_MS; left = leftMs()) {
    try {
      if ((await step<string | null>(database, 'ingest.deletion_step($1)', [STEPS[size]], left)) === null) break;
      steps += 1;
      size = 0;
    } catch (error) {
      if (blameOf(error) !== 'effort' || size === STEPS.length - 1) throw error;
      size += 1;
    }
  }
  if (steps > 0) log.info({ steps }, 'deletions went on');
}
