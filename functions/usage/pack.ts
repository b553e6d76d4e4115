// Makes the readings of past days smaller, a day a step. What is done is in the database: `ingest.pack_telemetry`.
import type { Database } from '../database/connection.ts';
import { STEP_MS, step } from '../database/step.ts';
import type { Logger } from '../runtime/log.ts';

/**
 * Each step is a transaction of its own, and has its full time: those who read or write that day wait as long. What is left is done in a later
 * turn.
 * @param leftMs milliseconds that are left, asked before each step. Default: no bound.
 * @throws database errors, such as 55P03 where somebody else holds the day.
 */
export async function packReadings(
  database: Database,
  log: Logger,
  leftMs = () => Number.POSITIVE_INFINITY,
): Promise<void> {
  while (leftMs() >= STEP_MS) {
    const packed = await step<string | null>(database, 'ingest.pack_telemetry()', [], STEP_MS);
    if (!packed) break;
    log.info({ packed }, 'the index of a past day was rebuilt');
  }
}
