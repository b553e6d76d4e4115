// What the Function App's timer calls to evaluate the alert rules.
import { openDatabase } from '../database/connection.ts';
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { readAlertSettings } from '../settings/alerts.ts';
import { evaluateAlerts } from './evaluate.ts';

/**
 * One evaluation, logged through the invocation.
 * @param environment Default: the process's own.
 * @throws database errors, so that the platform counts a failure.
 */
export async function evaluateAlertsOnTimer(context: InvocationLog, environment?: NodeJS.ProcessEnv): Promise<void> {
  const settings = readAlertSettings(environment);
  const database = openDatabase(settings.database);
  try {
    await evaluateAlerts(database, createInvocationLogger('evaluate_alerts', settings, context));
  } finally {
    await database.close();
  }
}
