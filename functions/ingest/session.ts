// One lease's worth of ingest: broker and database joined, until a reason to end comes up.

import { createStampReader, startConsumer } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic, pause } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import type { Written } from './accounting.ts';
import { type CanaryReport, sendCanary } from './canary.ts';
import { createDrain } from './drain.ts';
import { type FormerWatch, watchFormer } from './former-topics.ts';
import { createRefusals } from './refusals.ts';
import { createRegistry } from './registry.ts';
import { createStore } from './store.ts';
import { encodePrefix } from './write.ts';

/** How long a session lasts and whom it tells. */
export interface SessionOptions {
  settings: IngestSettings;
  database: Database;
  lease: Lease;
  log: Logger;
  /** Drains the session and ends its subscription: nothing more is queued for it. Default: false. */
  leaving?: boolean;
  /** Topics that devices keep from before the platform. Default: as the database has them. */
  former?: FormerWatch;
  /** Aborted to end soon: the write under way is finished and acknowledged, what else is held stays on the broker. */
  signal: AbortSignal;
  /** Ends when nothing has come for a second. Default: false. */
  untilIdle?: boolean;
  /** Time, on `now`'s clock, after which it takes nothing more and tries nothing again. Default: never. */
  until?: number;
  /** Most messages to take. Default: no bound. */
  cap?: number;
  onWritten: (written: Written, durationMs: number) => void;
  /** Between two canaries of a session that lasts, in milliseconds. Default: 10 s; tests wait less. */
  canaryEveryMs?: number;
  /** Told of each canary. */
  onCanary?: (report: CanaryReport) => void;
  /** Told why there is no connection to the broker when that ends it. */
  onBrokerGone?: (why: unknown) => void;
  /** Milliseconds on a clock that nobody sets. Default: the process's. */
  now?: () => number;
  /** The time in milliseconds since 1970 that is taken for a message's receipt. Default: the database's. */
  receipt?: (() => number) | undefined;
}

/**
 * Why a session ended. `broker-unavailable`: there was no connection; `broker-lost`: there was one, and what came on it is stored;
 * `canary-lost`: idle, but acknowledged messages do not arrive.
 */
export type SessionEnd =
  | 'idle'
  | 'canary-lost'
  | 'cap'
  | 'time-guard'
  | 'stopped'
  | 'lease-lost'
  | 'broker-unavailable'
  | 'broker-lost';

/** Messages the broker may send ahead of their acknowledgement; MAX_BATCH_BYTES in drain.ts is the tighter bound. */
const RECEIVE_MAXIMUM = 10_000;
/** Nothing for this long means the queue is drained: the broker sends what it has at once. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 50;
/** How long after the guard the server may take for a write; `LEAVE_MS` of run.ts bounds what waits for it. */
const WRITE_MS = 2_000;
const CANARY_EVERY_MS = 10_000;
/** A run ends soon, whatever the broker does. */
const CANARY_PATIENCE_MS = 5_000;

/** Runs a session. @throws the error of a write that failed permanently; its messages are still on the broker. */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { settings, database, lease, log, signal, onWritten } = options;
  const {
    untilIdle = false,
    until = Number.POSITIVE_INFINITY,
    cap = Number.POSITIVE_INFINITY,
    now = monotonic,
    receipt = lease.now,
  } = options;
  const former = options.former ?? (await watchFormer(database, log));
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, lease.lost, ending.signal]);
  // A session of the broker belongs to a user, too: packet identifiers and canaries of two are not comparable.
  const sessionName = `${settings.clientId} ${settings.username}`;
  const besides = database.another();
  const leftMs = () => until + WRITE_MS - now();
  const drain = createDrain({
    registry: createRegistry(database, encodePrefix, now, log),
    store: createStore(database, lease, sessionName, leftMs),
    suspectStore: createStore(besides, lease, sessionName, leftMs),
    source: {
      pause: () => consumer.pause(),
      resume: () => consumer.resume(),
      acknowledge: (received) => consumer.acknowledge(received),
    },
    onWritten,
    cap,
    retryUntil: until,
    signal: stop,
    log,
    now,
  });
  const refusals = createRefusals(database, lease, log, now);
  const consumer = startConsumer({
    ...settings,
    subscription: options.leaving ? 'end' : 'make',
    former: former.filters,
    readStamp: settings.gateKey && createStampReader(settings.gateKey),
    receiveMaximum: Math.min(RECEIVE_MAXIMUM, cap),
    onDelivery: (delivery) => {
      if (!refusals.take(delivery)) drain.receive(delivery);
    },
    now,
    receipt,
    log,
  });

  /** Nothing has come for a second, on a connection that could have brought it. */
  const isDrained = () => {
    const [readySince, quietSince] = [consumer.readySince(), drain.quietSince()];
    return readySince !== undefined && quietSince !== undefined && now() - Math.max(readySince, quietSince) >= QUIET_MS;
  };

  const watch = async (): Promise<SessionEnd> => {
    let everReady = false;
    // It outlives the race that waits for it: without this end it would spin once `stop` is aborted.
    while (!ending.signal.aborted) {
      if (lease.lost.aborted) return 'lease-lost';
      if (signal.aborted) return 'stopped';
      const readySince = consumer.readySince();
      everReady ||= readySince !== undefined;
      if (drain.taken() >= cap) return 'cap';
      if (now() >= until) {
        if (readySince !== undefined) return 'time-guard';
        options.onBrokerGone?.(consumer.failure());
        // Messages come before the subscription is confirmed, too.
        return everReady || drain.taken() > 0 ? 'broker-lost' : 'broker-unavailable';
      }
      if (untilIdle && isDrained()) return 'idle';
      void refusals.write();
      await pause(LOOK_EVERY_MS, stop);
    }
    return 'stopped';
  };

  const canary = async (): Promise<boolean> => {
    const patienceMs = Math.min(CANARY_PATIENCE_MS, until - now());
    if (patienceMs <= 0) return false;
    const common = { database, consumer, session: sessionName, signal, now: receipt, log };
    const report = await sendCanary({ ...common, isDrained: isDrained(), patienceMs });
    if (report) options.onCanary?.(report);
    return report?.isLost ?? false;
  };
  /** Of a session that lasts; a run sends its canary at the end, and the next run receives it. */
  const canaries = async () => {
    while (!stop.aborted) {
      if (consumer.readySince() !== undefined) await canary();
      await pause(consumer.readySince() === undefined ? QUIET_MS : (options.canaryEveryMs ?? CANARY_EVERY_MS), stop);
    }
  };
  if (!untilIdle) void canaries();
  // Not while leaving: what the next account has not subscribed to stays with this one.
  if (!options.leaving) void former.follow(ending.signal, () => consumer.resubscribe());
  try {
    const end = await Promise.race([watch(), drain.failure]);
    await Promise.race([end === 'stopped' || end === 'lease-lost' ? drain.stop() : drain.finish(), drain.failure]);
    if (end !== 'lease-lost') await refusals.write(true);
    if (end === 'idle' && !options.leaving && (await canary())) return 'canary-lost';
    return end;
  } finally {
    ending.abort();
    await drain.stop();
    await Promise.all([consumer.stop(), besides.close()]);
  }
}

/** Keeps partitions ahead of time. */
export const ensurePartitions = (database: Database) =>
  database.query('select ingest.ensure_telemetry_partitions()', []);

/** The same before readings, and after them: a failure must not stop ingest. */
export async function maintain(database: Database, log: Logger): Promise<void> {
  try {
    await ensurePartitions(database);
  } catch (error) {
    log.warn({ error: summarizeError(error) }, 'maintenance of partitions failed');
  }
}
