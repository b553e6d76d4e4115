// Carries out the redrives that people ask for in the dashboard. They only set a mark; the work is ingest's, with its role.

import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { redriveRequested } from './redrive.ts';

/** Most letters taken at a time. */
const MOST = 200;

/**
 * Redrives the letters that are due, one a transaction. Its failure must not stop ingest: it is logged, and the
 * letters stay due.
 * @param isTimeUp asked before each letter; the rest stays due. Default: never.
 */
export async function carryOutRedrives(database: Database, log: Logger, isTimeUp = () => false): Promise<void> {
  const counts = { stored: 0, duplicate: 0, refused: 0, gone: 0 };
  try {
    const { rows } = await database.query<{ id: string }>('select ingest.requested_redrives($1) as id', [MOST]);
    for (const { id } of rows) {
      if (isTimeUp()) break;
      const { outcome } = await database.transaction('', (client) => redriveRequested(client, id));
      counts[outcome] += 1;
    }
    if (rows.length > 0) log.info({ redriven: counts }, 'dead letters redriven');
  } catch (error) {
    // A database that is away is ingest's own to report, once.
    const level = classify(error) === 'transient' ? 'debug' : 'warn';
    log[level]({ error: summarizeError(error) }, 'redriving dead letters failed, they stay due');
  }
}
