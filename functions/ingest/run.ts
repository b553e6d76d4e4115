// A timer's run: drains what waits on the broker, and ends.
import { randomUUID } from 'node:crypto';
import { beat, NEXT_BEAT_S } from '../database/beat.ts';
import { openDatabase } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic, retry } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import { createSummary, type Summary } from './accounting.ts';
import { runMqttSession } from './mqtt-session.ts';
import type { MqttSessionOptions } from './mqtt-source.ts';
import { maintain, type SessionEnd } from './session.ts';

/** What a run did. */
export interface RunResult extends Summary {
  outcome: SessionEnd | 'skipped' | 'failed';
  /** How old the newest canary is that has come: acknowledged messages are that far behind. Undefined: none was sent, or none has come. */
  canaryAgeSeconds?: number | undefined;
  durationMs: number;
  /** Why the run did nothing. */
  skipped?: string;
  /** What stopped it. Its messages are still on the broker. */
  error?: { code: string; message: string };
}

/**
 * How long after its time guard a run may still use the database: to finish a write, to count refusals, to give the lease back. The broker's
 * goodbye comes after the writes and takes two more seconds when the broker, too, is silent.
 */
const LEAVE_MS = 2_800;

/**
 * Drains until nothing comes any more, the batch cap or the time guard. Ends at most five seconds later, whatever is silent.
 * Logs one line, also when it fails; never throws.
 * @param clock for tests: bounds the run, and is the time of receipt. Default: a clock that nobody sets, and the database's.
 */
export async function runOnce(
  settings: IngestSettings,
  log: Logger,
  signal: AbortSignal,
  clock?: () => number,
): Promise<RunResult> {
  const started = performance.now();
  const now = clock ?? monotonic;
  const begun = now();
  const until = begun + settings.timeGuardMs;
  const isAlone = settings.brokers.length === 1;
  const runLog = log.child({ run: randomUUID(), ...(!isAlone && { broker: settings.broker.host }) });
  const summary = createSummary();
  const database = openDatabase(settings.database, () => started + settings.timeGuardMs + LEAVE_MS - performance.now());
  let lease: Lease | undefined;
  const ended: Pick<RunResult, 'outcome' | 'skipped' | 'error' | 'canaryAgeSeconds'> = { outcome: 'failed' };
  try {
    lease = await retry(() => acquireLease(database, settings.clientId), {
      signal,
      until,
      now,
      isFinal: (error) => classify(error) === 'unknown',
      onFailure: ({ error, retryInMs }) =>
        runLog.warn({ error: summarizeError(error), retryInMs }, 'database not reached, will try again'),
    });
    if (lease === undefined) {
      ended.outcome = 'skipped';
      ended.skipped = 'another run holds the lease';
    } else {
      await beat(database, ['ingest'], NEXT_BEAT_S.timer);
      const onWritten = summary.add;
      const cap = settings.batchCap;
      const session: MqttSessionOptions = {
        settings,
        database,
        lease,
        log: runLog,
        signal,
        untilIdle: true,
        until,
        cap,
        onWritten,
        now,
        receipt: clock,
        onCanary: ({ ageSeconds }) => {
          ended.canaryAgeSeconds = ageSeconds;
        },
        onSourceGone: (why) => {
          ended.error = summarizeError(why ?? new Error('the broker did not answer in time'));
        },
      };
      ended.outcome = await runMqttSession(session);
      await maintain(database, runLog);
    }
  } catch (error) {
    if (classify(error) === 'fence') ended.outcome = 'lease-lost';
    ended.error = summarizeError(error);
  } finally {
    // Another run that has taken the lease over speaks for itself. So does the run of the other broker, when this one's is gone.
    const isOthers = ended.outcome === 'lease-lost' || (!isAlone && BROKER_GONE.has(ended.outcome));
    if (lease && hasFailed(ended) && !isOthers) await beat(database, ['ingest'], NEXT_BEAT_S.failed);
    await lease?.release();
    await database.close();
  }
  const result: RunResult = { ...ended, durationMs: Math.round(performance.now() - started), ...summary.take() };
  runLog[hasFailed(result) ? 'error' : 'info'](result, 'mqtt_ingest run');
  return result;
}

const BROKER_GONE: ReadonlySet<RunResult['outcome']> = new Set(['broker-unavailable', 'broker-lost']);
const FAILURES: ReadonlySet<RunResult['outcome']> = new Set([
  'failed',
  'broker-unavailable',
  'broker-lost',
  'canary-lost',
  'lease-lost',
]);

/** True when a run ended in a way that an operator should know of. */
export function hasFailed({ outcome }: Pick<RunResult, 'outcome'>): boolean {
  return FAILURES.has(outcome);
}
