// A timer's run: drains what waits on the broker, and ends.
import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import { describeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { backoffMs, pause } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import { takeOver } from './account-handover.ts';
import { carryOutRedrives } from './redrive-requests.ts';
import { maintain, runSession, type SessionEnd } from './session.ts';
import { createSummary, type Summary } from './summary.ts';

/** What a run did. */
export interface RunResult extends Summary {
  outcome: SessionEnd | 'skipped' | 'failed';
  durationMs: number;
  /** Why the run did nothing. */
  skipped?: string;
  /** What stopped it. Its messages are still on the broker. */
  error?: { code: string; message: string };
}

const BACKOFF = { baseMs: 200, capMs: 10_000 };

/**
 * Drains until nothing comes any more, the batch cap or the time guard. Ends by then, give or take one transaction.
 * Logs one line, also when it fails; never throws.
 * @param now the time in milliseconds since 1970. Default: the clock.
 */
export async function runOnce(
  settings: IngestSettings,
  log: Logger,
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<RunResult> {
  const started = performance.now();
  const until = now() + settings.timeGuardMs;
  const runLog = log.child({ run: randomUUID() });
  const summary = createSummary();
  const database = openDatabase(settings.database);
  let lease: Lease | undefined;
  const ended: Pick<RunResult, 'outcome' | 'skipped' | 'error'> = { outcome: 'failed' };
  try {
    lease = await acquireWithRetry(database, settings.clientId, until, signal, runLog, now);
    if (lease === undefined) {
      ended.outcome = 'skipped';
      ended.skipped = 'another run holds the lease';
    } else {
      await carryOutRedrives(database, runLog);
      const onWritten = summary.add;
      const cap = settings.batchCap;
      const session = { settings, database, lease, log: runLog, signal, untilIdle: true, until, cap, onWritten, now };
      const takenOver = settings.previous ? await takeOver(session, settings.previous) : 'idle';
      ended.outcome = takenOver === 'idle' ? await runSession(session) : takenOver;
      await maintain(database, runLog);
    }
  } catch (error) {
    if (classify(error) === 'fence') ended.outcome = 'lease-lost';
    ended.error = describeError(error);
  } finally {
    await lease?.release();
    await database.close();
  }
  const result: RunResult = { ...ended, durationMs: Math.round(performance.now() - started), ...summary.take() };
  runLog[hasFailed(result) ? 'error' : 'info'](result, 'mqtt_ingest run');
  return result;
}

/** True when a run ended in a way that an operator should know of. */
export function hasFailed({ outcome }: RunResult): boolean {
  return outcome === 'failed' || outcome === 'broker-unavailable' || outcome === 'lease-lost';
}

async function acquireWithRetry(
  database: Database,
  name: string,
  until: number,
  signal: AbortSignal,
  log: Logger,
  now: () => number,
): Promise<Lease | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await acquireLease(database, name);
    } catch (error) {
      const retryInMs = Math.round(backoffMs(attempt, BACKOFF));
      if (classify(error) === 'unknown' || signal.aborted || now() + retryInMs >= until) throw error;
      log.warn({ error: describeError(error), retryInMs }, 'database not reached, will try again');
      await pause(retryInMs, signal);
    }
  }
}
