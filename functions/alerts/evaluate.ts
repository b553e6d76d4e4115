// Evaluates alert rules. The rules, and their meaning, are in the database.

import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';

/**
 * Opens and resolves alerts. Several callers may run it at once.
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

/** The same beside ingest, whose readings must not wait for it: a failure is only logged. */
export async function evaluateAlertsIfPossible(database: Database, log: Logger): Promise<void> {
  try {
    await evaluateAlerts(database, log);
  } catch (error) {
    // Ingest itself reports a database that is away, once.
    const level = classify(error) === 'transient' ? 'debug' : 'warn';
    log[level]({ error: summarizeError(error) }, 'evaluating alert rules failed');
  }
}
