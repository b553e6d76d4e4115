// What the Function App's timer calls.
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { keepHeapSmall } from '../runtime/memory.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { eachBroker } from './brokers.ts';
import { hasFailed, type RunResult, runOnce } from './run.ts';

/**
 * One run, or one of each broker at the same time, logged through the invocation. The first one's result, unless another one's has failed.
 * @param environment Default: the process's own.
 * @throws Error when a run failed, so that the platform counts a failed invocation; the next minute tries again.
 */
export async function ingestOnTimer(context: InvocationLog, environment?: NodeJS.ProcessEnv): Promise<RunResult> {
  keepHeapSmall();
  const settings = readIngestSettings(environment);
  const log = createInvocationLogger('mqtt_ingest', settings, context);
  const { signal } = new AbortController();
  const runs = await Promise.all(
    eachBroker(settings).map(async (one) => ({ host: one.broker.host, result: await runOnce(one, log, signal) })),
  );
  const failed = runs.find(({ result }) => hasFailed(result));
  if (failed) {
    const { outcome, stored, error } = failed.result;
    const where = runs.length > 1 ? ` at ${failed.host}` : '';
    const why = error?.message ?? 'see the log';
    throw new Error(`mqtt_ingest ended${where} as ${outcome}, ${stored} readings stored: ${why}`);
  }
  return runs[0]!.result;
}
