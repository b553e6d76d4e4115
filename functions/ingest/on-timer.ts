// What the Function App's timer calls.
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { keepHeapSmall } from '../runtime/memory.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { hasFailed, type RunResult, runOnce } from './run.ts';

/**
 * One run, logged through the invocation.
 * @param environment Default: the process's own.
 * @throws Error when the run failed, so that the platform counts a failed invocation; the next minute tries again.
 */
export async function ingestOnTimer(context: InvocationLog, environment?: NodeJS.ProcessEnv): Promise<RunResult> {
  keepHeapSmall();
  const settings = readIngestSettings(environment);
  const log = createInvocationLogger('mqtt_ingest', settings, context);
  const result = await runOnce(settings, log, new AbortController().signal);
  if (hasFailed(result)) {
    const { outcome, stored, error } = result;
    throw new Error(`mqtt_ingest ended as ${outcome}, ${stored} readings stored: ${error?.message ?? 'see the log'}`);
  }
  return result;
}
