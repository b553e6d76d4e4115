// Between broker and database: collects a batch while the one before it is being written, and acknowledges after commit.

import { CANARY_TOPIC } from '../../domain/topics.ts';
import type { Delivery } from '../broker/index.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { pause, retry } from '../runtime/retry.ts';
import type { Written } from './accounting.ts';
import { Batch } from './batch.ts';
import type { Registry } from './registry.ts';
import type { Store } from './store.ts';

/** What a drain works with. */
export interface DrainOptions {
  registry: Registry;
  store: Store;
  /** Told to stop and go on reading, and to acknowledge a committed batch. */
  source: { pause(): void; resume(): void; acknowledge(batch: Batch): void };
  /** Told of each committed batch. */
  onWritten: (written: Written, durationMs: number) => void;
  /** Most messages to take. */
  cap: number;
  /** Time, in milliseconds since 1970, after which a failed write is not tried again. */
  retryUntil: number;
  /** Aborted: a failed write is not tried again. */
  signal: AbortSignal;
  log: Logger;
  now: () => number;
}

/** A running drain. */
export interface Drain {
  /** Takes a delivery; leaves it to the broker when the cap is reached or the drain has been closed. */
  receive(delivery: Delivery): void;
  /** Messages taken so far. */
  taken(): number;
  /** When it last took or wrote something, in milliseconds since 1970; undefined while it holds messages. */
  quietSince(): number | undefined;
  /** Takes nothing more. Resolves when what is held has been written and acknowledged. */
  finish(): Promise<void>;
  /** Takes nothing more. Resolves when the write under way is done; what else is held stays with the broker. */
  stop(): Promise<void>;
  /** Rejects when a write has failed for good; nothing is written after that. */
  failure: Promise<never>;
}

/** How long the first message of a batch may wait for company, in milliseconds. */
const LINGER_MS = 20;
/**
 * Reading pauses when a batch holds this many bytes, and resumes when the database has got it: while it works on that,
 * one more is collected. Not before, or the reading of thousands of messages would keep the database waiting for its
 * next bytes, and each would idle while the other works. This is also what bounds memory: Mosquitto 2.0.11 exceeds the
 * receive maximum when several acknowledgements arrive at once (390 under way where 10 were allowed).
 */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/** Starts empty. */
export function createDrain(options: DrainOptions): Drain {
  const { registry, store, source, onWritten, cap, retryUntil, signal, log, now } = options;
  let batch = new Batch(registry);
  let taken = 0;
  let closed = false;
  let dropped = false;
  let quietSince: number | undefined = now();
  let paused = false;
  let pumping: Promise<void> | undefined;
  let batches = 0;
  const failure = Promise.withResolvers<never>();
  // Not every caller waits for it: unhandled, its rejection would end the process.
  failure.promise.catch(() => {});

  async function pump(): Promise<void> {
    try {
      await writeAll();
    } catch (error) {
      closed = true;
      dropped = true;
      failure.reject(error);
    } finally {
      // At once, not a turn of the event loop later: a message that comes in between would never be written.
      pumping = undefined;
    }
  }

  async function writeAll(): Promise<void> {
    while (batch.messages > 0 && !dropped) {
      const linger = LINGER_MS - (now() - batch.startedAt);
      if (linger > 0) await pause(linger, signal);
      if (dropped) return;
      const writing = batch;
      batch = new Batch(registry);
      await write(writing);
      resume();
    }
    quietSince = now();
  }

  function resume(): void {
    if (!paused) return;
    paused = false;
    source.resume();
  }

  async function write(writing: Batch): Promise<void> {
    batches += 1;
    const started = performance.now();
    const written = await persist(writing, batches);
    source.acknowledge(writing);
    const durationMs = performance.now() - started;
    onWritten(written, durationMs);
    log.debug(
      { batch: batches, messages: writing.messages, careful: written.careful, durationMs: Math.round(durationMs) },
      'batch committed',
    );
  }

  /** Writes, again and again while that makes sense. What is not committed is not acknowledged. */
  function persist(writing: Batch, number: number): Promise<Written> {
    // Once a batch: each time lets in another read, and a database that fails late may be tried many times.
    return retry(({ failures }) => store.write(writing, failures === 0 ? resume : undefined), {
      signal,
      until: retryUntil,
      now,
      isFinal: (error) => ['fence', 'unknown'].includes(classify(error)),
      onFailure: ({ error, failures, retryInMs }) => {
        const kind = classify(error);
        log[kind === 'transient' ? 'warn' : 'error'](
          { batch: number, error: summarizeError(error), kind, attempt: failures, retryInMs },
          'batch not written, will try again; its messages wait on the broker',
        );
      },
    });
  }

  return {
    receive: (delivery) => {
      if (closed || taken >= cap) return;
      if (delivery.topic !== CANARY_TOPIC) taken += 1;
      quietSince = undefined;
      batch.add(delivery);
      if (!paused && batch.bytes > MAX_BATCH_BYTES) {
        paused = true;
        source.pause();
      }
      pumping ??= pump();
    },
    taken: () => taken,
    quietSince: () => quietSince,
    finish: async () => {
      closed = true;
      await pumping;
    },
    stop: async () => {
      closed = true;
      dropped = true;
      await pumping;
    },
    failure: failure.promise,
  };
}
