// Carries out the redrives that people ask for in the dashboard. They only set a mark; the work is ingest's, with its role.

import type { Database } from '../database/connection.ts';
import { blameOf } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { type Redriven, redriveRequested } from './redrive.ts';

/** Most letters taken at a time. */
const MOST = 200;
/** One letter's transaction, in milliseconds. */
const LETTER_MS = 5_000;

// Whatever its readings: they are as many as before.
const REFUSE = "select ingest.refuse_redrive($1, 'database-rejected', $2, null)";

/**
 * Redrives the letters that are due, one a transaction. A letter that the database refuses, or takes too long for, is refused: tried again
 * first each time, it would keep all others waiting. After another failure the letters stay due.
 * @param leftMs milliseconds that are left, asked before each letter; the rest stays due. Default: no bound.
 * @throws database errors that are no letter's fault.
 */
export async function carryOutRedrives(
  database: Database,
  log: Logger,
  leftMs = () => Number.POSITIVE_INFINITY,
): Promise<void> {
  const counts = { stored: 0, duplicate: 0, refused: 0, gone: 0 };
  const { rows } = await database.query<{ id: string }>('select ingest.requested_redrives($1) as id', [MOST]);
  for (const { id } of rows) {
    if (leftMs() <= 0) break;
    counts[await redriveOrRefuse(database, id)] += 1;
  }
  if (rows.length > 0) log.info({ redriven: counts }, 'dead letters redriven');
}

async function redriveOrRefuse(database: Database, id: string): Promise<Redriven['outcome']> {
  try {
    return (await database.transaction('', (client) => redriveRequested(client, id), LETTER_MS)).outcome;
  } catch (error) {
    if (blameOf(error) === undefined) throw error;
    const { code, message } = summarizeError(error);
    // That this can be written shows that the database works.
    await database.query(REFUSE, [id, `${code}: ${message}`]);
    return 'refused';
  }
}
