// Makes the readings of past days smaller, a day a step. What is done is in the database: `ingest.pack_telemetry`.
import type { Client } from 'pg';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';

/** What a step may take, in milliseconds: whoever needs that day waits as long. */
const STEP_MS = 5_000;

/**
 * Each step is a transaction of its own. What is left is done in a later turn.
 * @param leftMs milliseconds that are left, asked before each step. Default: no bound.
 * @throws database errors, such as 55P03 where somebody else holds the day.
 */
export async function packReadings(
  database: Database,
  log: Logger,
  leftMs = () => Number.POSITIVE_INFINITY,
): Promise<void> {
  const step = async (client: Client) =>
    (await client.query<{ packed: string | null }>('select ingest.pack_telemetry() as packed')).rows[0]?.packed;
  while (leftMs() >= STEP_MS) {
    const packed = await database.transaction('', step, STEP_MS);
    if (!packed) break;
    log.info({ packed }, 'the index of a past day was rebuilt');
  }
}
