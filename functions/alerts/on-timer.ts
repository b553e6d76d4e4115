// What the Function App's timer calls to look at the alert rules.
import { openDatabase } from '../database/connection.ts';
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { readSettings } from '../settings/ingest.ts';
import { evaluateAlerts } from './evaluate.ts';

/** One evaluation, logged through the invocation. @throws database errors, so that the platform counts a failure. */
export async function evaluateAlertsOnTimer(env: NodeJS.ProcessEnv, context: InvocationLog): Promise<void> {
  const settings = readSettings(env);
  const database = openDatabase(settings.database);
  try {
    await evaluateAlerts(database, createInvocationLogger('evaluate_alerts', settings, context));
  } finally {
    await database.close();
  }
}
