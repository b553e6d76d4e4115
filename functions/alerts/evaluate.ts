// Looks whether an alert rule is broken, or no longer. The rules, and what they mean, are in the database.

import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';

/**
 * Opens and resolves alerts. Safe to call from several places at once.
 * @throws database errors.
 */
export async function evaluateAlerts(database: Database, log: Logger): Promise<void> {
  const { rows } = await database.query<{ changed: number }>(
    'select public.evaluate_alert_rules()::int as changed',
    [],
  );
  const changed = rows[0]?.changed ?? 0;
  if (changed > 0) log.info({ changed }, 'alerts opened or resolved');
}

/** The same beside ingest, whose readings must not wait for it: a failure is logged. */
export async function evaluateAlertsIfPossible(database: Database, log: Logger): Promise<void> {
  try {
    await evaluateAlerts(database, log);
  } catch (error) {
    // A database that is away is ingest's own to report, once.
    const level = classify(error) === 'transient' ? 'debug' : 'warn';
    log[level]({ error: summarizeError(error) }, 'evaluating alert rules failed');
  }
}
