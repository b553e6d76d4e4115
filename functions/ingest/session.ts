// One lease's worth of ingest: source and database joined, until a reason to end comes up.

import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic, pause } from '../runtime/retry.ts';
import type { CanaryWay, OpenSource } from '../source/source.ts';
import type { Written } from './accounting.ts';
import { type CanaryReport, sendCanary } from './canary.ts';
import { createDrain } from './drain.ts';
import { createRegistry } from './registry.ts';
import { createStore } from './store.ts';
import { encodePrefix } from './write.ts';

/** How long a session lasts and whom it tells. */
export interface SessionOptions {
  open: OpenSource;
  database: Database;
  lease: Lease;
  log: Logger;
  /** Aborted to end soon: the write under way is finished and committed, what else is held stays with the source. */
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
  /** Told why the source is not ready when that ends it. */
  onSourceGone?: (why: unknown) => void;
  /** Milliseconds on a clock that nobody sets. Default: the process's. */
  now?: () => number;
  /** The time in milliseconds since 1970 that is taken for a message's receipt. Default: the database's. */
  receipt?: (() => number) | undefined;
}

/**
 * Why a session ended. `broker-unavailable`: the source was never ready; `broker-lost`: it was, and what came is stored;
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

/** Nothing for this long means that the source is drained: it brings what it has at once. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 50;
/** How long after the guard the server may take for a write; `LEAVE_MS` of run.ts bounds what waits for it. */
const WRITE_MS = 2_000;
const CANARY_EVERY_MS = 10_000;
/** A run ends soon, whatever the source does. */
const CANARY_PATIENCE_MS = 5_000;

/** Runs a session. @throws the error of a write that failed permanently; its messages are still with the source. */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { open, database, lease, log, signal, onWritten } = options;
  const {
    untilIdle = false,
    until = Number.POSITIVE_INFINITY,
    cap = Number.POSITIVE_INFINITY,
    now = monotonic,
    receipt = lease.now,
  } = options;
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, lease.lost, ending.signal]);
  const source = open({ onDelivery: (delivery) => drain.receive(delivery), cap, now, receipt, log });
  const besides = database.another();
  const leftMs = () => until + WRITE_MS - now();
  const drain = createDrain({
    registry: createRegistry(database, encodePrefix, now, log),
    store: createStore(database, lease, source.name, leftMs),
    suspectStore: createStore(besides, lease, source.name, leftMs),
    source,
    onWritten,
    cap,
    retryUntil: until,
    signal: stop,
    log,
    now,
  });

  /** Nothing has come for a second, and the source could have brought it. */
  const isDrained = () => {
    const [readySince, quietSince] = [source.readySince(), drain.quietSince()];
    return readySince !== undefined && quietSince !== undefined && now() - Math.max(readySince, quietSince) >= QUIET_MS;
  };

  const watch = async (): Promise<SessionEnd> => {
    let everReady = false;
    // It outlives the race that waits for it: without this end it would spin once `stop` is aborted.
    while (!ending.signal.aborted) {
      if (lease.lost.aborted) return 'lease-lost';
      if (signal.aborted) return 'stopped';
      const readySince = source.readySince();
      everReady ||= readySince !== undefined;
      if (drain.taken() >= cap) return 'cap';
      if (now() >= until) {
        if (readySince !== undefined) return 'time-guard';
        options.onSourceGone?.(source.failure());
        // Messages may come before the source is ready, too.
        return everReady || drain.taken() > 0 ? 'broker-lost' : 'broker-unavailable';
      }
      if (untilIdle && isDrained()) return 'idle';
      await pause(LOOK_EVERY_MS, stop);
    }
    return 'stopped';
  };

  const canary = async (way: CanaryWay): Promise<boolean> => {
    const patienceMs = Math.min(CANARY_PATIENCE_MS, until - now());
    if (patienceMs <= 0) return false;
    const common = { database, way, session: source.name, signal, now: receipt, log };
    const report = await sendCanary({ ...common, isDrained: isDrained(), patienceMs });
    if (report) options.onCanary?.(report);
    return report?.isLost ?? false;
  };
  /** Of a session that lasts; a run sends its canary at the end, and the next run receives it. */
  const canaries = async (way: CanaryWay) => {
    while (!stop.aborted) {
      if (source.readySince() !== undefined) await canary(way);
      await pause(source.readySince() === undefined ? QUIET_MS : (options.canaryEveryMs ?? CANARY_EVERY_MS), stop);
    }
  };
  if (!untilIdle && source.canary) void canaries(source.canary);
  try {
    const end = await Promise.race([watch(), drain.failure]);
    await Promise.race([end === 'stopped' || end === 'lease-lost' ? drain.stop() : drain.finish(), drain.failure]);
    if (end === 'idle' && source.canary && (await canary(source.canary))) return 'canary-lost';
    return end;
  } finally {
    ending.abort();
    await drain.stop();
    await Promise.all([source.close(), besides.close()]);
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
