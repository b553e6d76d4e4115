// What the Function App's timer calls.
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { readSettings } from '../settings/ingest.ts';
import { hasFailed, type RunResult, runOnce } from './run.ts';

/**
 * One run, logged through the invocation.
 * @throws Error when the run failed, so that the platform counts a failed invocation; the next minute tries again.
 */
export async function ingestOnTimer(env: NodeJS.ProcessEnv, context: InvocationLog): Promise<RunResult> {
  const settings = readSettings(env);
  const log = createInvocationLogger('mqtt_ingest', settings, context);
  const result = await runOnce(settings, log, new AbortController().signal);
  if (hasFailed(result)) {
    throw new Error(`mqtt_ingest ended as ${result.outcome}: ${result.error?.message ?? 'see the log'}`);
  }
  return result;
}
