// One lease's worth of ingest: broker and database joined, until a reason to end comes up.

import { createStampReader, startConsumer } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic, pause } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import type { Written } from './accounting.ts';
import { createDrain } from './drain.ts';
import { type FormerWatch, watchFormer } from './former-topics.ts';
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
  /** Milliseconds on a clock that nobody sets. Default: the process's. */
  now?: () => number;
  /** The time in milliseconds since 1970 that is taken for a message's receipt. Default: the database's. */
  receipt?: (() => number) | undefined;
}

/** Why a session ended. */
export type SessionEnd = 'idle' | 'cap' | 'time-guard' | 'stopped' | 'lease-lost' | 'broker-unavailable';

/** Messages the broker may send ahead of their acknowledgement; MAX_BATCH_BYTES in drain.ts is the tighter bound. */
const RECEIVE_MAXIMUM = 10_000;
/** Nothing for this long means the queue is drained: the broker sends what it has at once. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 50;
/** How long after the guard a write that is under way may take. The rest of a run's five seconds is for taking leave. */
const WRITE_MS = 2_000;

/** Runs a session. @throws the error of a write that failed for good; its messages are still on the broker. */
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
  const drain = createDrain({
    registry: createRegistry(database, encodePrefix, now, log),
    // A session of the broker belongs to a user, too: the packet identifiers of two are not comparable.
    store: createStore(database, lease, `${settings.clientId} ${settings.username}`, () => until + WRITE_MS - now()),
    source: {
      pause: () => consumer.pause(),
      resume: () => consumer.resume(),
      acknowledge: (acknowledgements) => consumer.acknowledge(acknowledgements),
    },
    onWritten,
    cap,
    retryUntil: until,
    signal: stop,
    log,
    now,
  });
  const consumer = startConsumer({
    ...settings,
    subscription: options.leaving ? 'end' : 'make',
    former: former.filters,
    readStamp: settings.gateKey && createStampReader(settings.gateKey),
    receiveMaximum: Math.min(RECEIVE_MAXIMUM, cap),
    onDelivery: (delivery) => {
      delivery.receivedAt = receipt();
      drain.receive(delivery);
    },
    now,
    log,
  });

  const watch = async (): Promise<SessionEnd> => {
    let everReady = false;
    // It outlives the race that waits for it: without this end it would spin once `stop` is aborted.
    while (!ending.signal.aborted) {
      if (lease.lost.aborted) return 'lease-lost';
      if (signal.aborted) return 'stopped';
      const readySince = consumer.readySince();
      everReady ||= readySince !== undefined;
      if (drain.taken() >= cap) return 'cap';
      // What came before the broker confirmed the subscription came from a broker that is there.
      if (now() >= until) return everReady || drain.taken() > 0 ? 'time-guard' : 'broker-unavailable';
      const quietSince = drain.quietSince();
      if (untilIdle && readySince !== undefined && quietSince !== undefined) {
        if (now() - Math.max(readySince, quietSince) >= QUIET_MS) return 'idle';
      }
      await pause(LOOK_EVERY_MS, stop);
    }
    return 'stopped';
  };

  // Not while leaving: what the next account has not subscribed to stays with this one.
  if (!options.leaving) void former.follow(ending.signal, () => consumer.resubscribe());
  try {
    const end = await Promise.race([watch(), drain.failure]);
    await Promise.race([end === 'stopped' || end === 'lease-lost' ? drain.stop() : drain.finish(), drain.failure]);
    return end;
  } finally {
    ending.abort();
    await drain.stop();
    await consumer.stop();
  }
}

/** Keeps partitions ahead of time, and old identities and the ledger short. Its failure must not stop ingest. */
export async function maintain(database: Database, log: Logger): Promise<void> {
  try {
    await database.query('select ingest.ensure_telemetry_partitions()', []);
    await prune(database, 'select ingest.prune_untimed($1::interval) as pruned', UNTIMED_MEMORY);
    await prune(database, 'select ingest.prune_ledger($1::interval) as pruned', LEDGER_MEMORY);
  } catch (error) {
    log.warn({ error: summarizeError(error) }, 'maintenance of partitions, message identities and ledger failed');
  }
}

/** Until nothing is left, or until the next time: a long backlog must not keep the readings waiting. */
async function prune(database: Database, sql: string, memory: string): Promise<void> {
  for (let turn = 0; turn < MOST_PRUNINGS; turn++) {
    const { rows } = await database.query<{ pruned: string }>(sql, [memory]);
    if (Number(rows[0]?.pruned) < PRUNED_AT_ONCE) return;
  }
}

/** Rows; the functions have the same number. */
const PRUNED_AT_ONCE = 10_000;
const MOST_PRUNINGS = 20;

/**
 * How long a message without a timestamp is recognised when its device sends it again under the same id. Redeliveries
 * by the broker need less: they come when ingest connects, and this is pruned only after that.
 */
const UNTIMED_MEMORY = '3 days';

/** How long the ledger is kept: as long as readings are, by default. 5 MB a tenant that sends every minute. */
const LEDGER_MEMORY = '30 days';
