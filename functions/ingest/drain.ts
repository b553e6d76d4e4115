// Between source and database: collects a batch while the previous one is being written, and commits to the source what is committed.

import { CANARY_TOPIC } from '../../domain/topics.ts';
import type { Logger } from '../runtime/log.ts';
import { fitHeapTo, freeBuffers } from '../runtime/memory.ts';
import { pause } from '../runtime/retry.ts';
import type { Delivery } from '../source/delivery.ts';
import type { Source } from '../source/source.ts';
import type { Written } from './accounting.ts';
import { Batch } from './batch.ts';
import { createFairQueue, senderOf } from './fair-queue.ts';
import { createPersist } from './persist.ts';
import type { Registry } from './registry.ts';
import type { Store } from './store.ts';

/** What a drain works with. */
export interface DrainOptions {
  registry: Registry;
  store: Store;
  /** Where those messages are written meanwhile whose sender had a row refused: on a connection of its own. */
  suspectStore: Store;
  /** Told to stop and go on, and what is committed. */
  source: Pick<Source, 'commit' | 'leave' | 'pause' | 'resume'>;
  /** Told of each committed batch. */
  onWritten: (written: Written, durationMs: number) => void;
  /** Most messages to take. */
  cap: number;
  /** Time, on `now`'s clock, after which a failed write is not tried again, and soon afterwards none begins. */
  retryUntil: number;
  /** Aborted: a failed write is not tried again. */
  signal: AbortSignal;
  log: Logger;
  now: () => number;
}

/** A running drain. */
export interface Drain {
  /** Takes a delivery; leaves it to the source when the cap is reached or the drain has been closed. */
  receive(delivery: Delivery): void;
  /** Messages taken so far. */
  taken(): number;
  /** When it last took or wrote something, on `now`'s clock; undefined while it holds messages. */
  quietSince(): number | undefined;
  /** Takes nothing more. Resolves when what is held has been written and committed, or time is up. */
  finish(): Promise<void>;
  /** Takes nothing more. Resolves when the write under way is done; what else is held stays with the source. */
  stop(): Promise<void>;
  /** Rejects when a write has failed permanently; nothing is written after that. */
  failure: Promise<never>;
}

/** How long the first message of a batch may wait for company, in milliseconds. */
const LINGER_MS = 20;
/**
 * A batch that holds this many bytes, unpacked and taken apart, is full. So is one for which as many were unpacked: messages that are costly to
 * read, and are then refused, would keep the others waiting. What comes meanwhile waits as it came, unread: a chunk of the network may hold
 * a thousand messages, each of which unpacks to 128 KiB. The next batch is read when the database has got the rows of this one.
 */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;
/** What each sender, and all of them together, may add to a full batch: those that did not fill it need not wait for the next. */
const MOST_BEYOND_BYTES = 64 * 1024;
const ROOM_BEYOND_BYTES = 256 * 1024;
/**
 * With this many bytes unread, the source is paused, until half of them are read. This is what bounds memory: Mosquitto 2.0.11
 * exceeds the receive maximum when several acknowledgements arrive at once (390 under way where 10 were allowed). The broker keeps the order
 * in which messages came: what waits there waits behind the thousands that another sender sent. Senders take turns only here.
 */
const MAX_UNREAD_BYTES = 2 * 1024 * 1024;
/**
 * When the database has refused a row of a sender, its messages of this time are written in batches of their own, carefully, at the same time
 * as the others' batches. This bounds how often a sender makes a COPY fail that has others' rows in it.
 */
const SUSPECT_MS = 60_000;
/** Most messages and bytes of such a batch: to find the bad rows among them takes about as long as the statements take to and from the database. */
const MOST_SUSPECT = 512;
const MOST_SUSPECT_BYTES = MAX_BATCH_BYTES / 4;
const MOST_SUSPECTS = 10_000;
/** Between two such batches: short, because a run that ends waits for it. */
const MOST_REST_MS = 200;
/** How long after `retryUntil` a write may still begin, of what had been received before. */
const FINISH_MS = 500;

/** What a batch counts as: the memory it holds, or the bytes that were read for it. */
const sizeOf = ({ bytes, work }: Batch) => Math.max(bytes, work);

/** Starts empty. */
export function createDrain(options: DrainOptions): Drain {
  const { registry, store, suspectStore, source, onWritten, cap, retryUntil, signal, log, now } = options;
  let batch = new Batch(registry);
  /** When the batch got its first message. */
  let begun = 0;
  /** What senders have added to it since it was full, in bytes. */
  let beyond = new Map<string, number>();
  /** Received while the batch was full. */
  const unread = createFairQueue();
  /** Of senders that had a row refused, and until when they count as such. */
  const suspect = createFairQueue();
  const suspects = new Map<string, number>();
  let taken = 0;
  let closed = false;
  let dropped = false;
  let quietSince: number | undefined = now();
  let paused = false;
  /** What writes the batch, and what writes suspects' messages. Each waits for nothing of the other's. */
  const pumps = { batch: undefined, suspects: undefined } as Record<'batch' | 'suspects', Promise<void> | undefined>;
  const isOver = () => dropped || now() >= retryUntil + FINISH_MS;
  const persistTo = (to: Store) =>
    createPersist({
      store: to,
      onLeft: (part) => source.leave(part.deliveries),
      onCommitted: (part, written, durationMs) => {
        source.commit(part.deliveries);
        onWritten(written, durationMs);
        log.debug(
          { messages: part.messages, careful: written.careful, durationMs: Math.round(durationMs) },
          'batch committed',
        );
      },
      onRefused: (refused) => {
        const sender = senderOf(refused);
        if (suspects.size >= MOST_SUSPECTS) suspects.clear();
        suspects.set(sender, now() + SUSPECT_MS);
        return (delivery) => {
          const isTheirs = senderOf(delivery) === sender;
          if (isTheirs) suspect.push(delivery);
          return isTheirs;
        };
      },
      isOver,
      retryUntil,
      signal,
      log,
      now,
    });
  const persist = persistTo(store);
  const persistSuspects = persistTo(suspectStore);
  const failure = Promise.withResolvers<never>();
  // Not every caller waits for it: unhandled, its rejection would end the process.
  failure.promise.catch(() => {});

  /** Starts to write what waits, where that is not under way. */
  function pump(): void {
    if (batch.messages > 0) pumps.batch ??= run('batch', writeBatches);
    if (suspect.length > 0) pumps.suspects ??= run('suspects', writeSuspects);
  }

  async function run(name: keyof typeof pumps, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      closed = true;
      dropped = true;
      failure.reject(error);
    } finally {
      // At once, not a turn of the event loop later: a message that comes in between would never be written.
      pumps[name] = undefined;
      // The other one may have put something here after this one had looked for the last time.
      if (!isOver()) pump();
      if (batch.messages === 0 && suspect.length === 0 && !isPumping()) quietSince = now();
    }
  }

  const isPumping = () => pumps.batch !== undefined || pumps.suspects !== undefined;

  async function writeBatches(): Promise<void> {
    while (batch.messages > 0 && !isOver()) {
      const linger = LINGER_MS - (now() - begun);
      if (linger > 0) await pause(linger, signal);
      if (isOver()) break;
      // Once a batch: each time lets in another read, and a database that fails late may be tried many times.
      let isSent = false;
      const onSent = () => {
        if (!isSent) collect();
        isSent = true;
      };
      const writing = takeBatch();
      fitHeapTo(writing.work);
      await persist(writing, { onSent });
      afterwards();
    }
  }

  async function writeSuspects(): Promise<void> {
    while (suspect.length > 0 && !isOver()) {
      const started = now();
      await persistSuspects(suspectBatch(), { carefully: true });
      afterwards();
      // Half of the time the database's cores are the others', unless these wait at the source until there is room.
      if (!paused && !closed && suspect.length > 0) await pause(Math.min(now() - started, MOST_REST_MS), signal);
    }
  }

  function afterwards(): void {
    freeBuffers();
    collect();
    pump();
  }

  function takeBatch(): Batch {
    const taken = batch;
    batch = new Batch(registry);
    beyond = new Map();
    return taken;
  }

  function suspectBatch(): Batch {
    const slice = new Batch(registry);
    while (slice.messages < MOST_SUSPECT && sizeOf(slice) < MOST_SUSPECT_BYTES) {
      const next = suspect.shift();
      if (next === undefined) break;
      slice.add(next);
    }
    return slice;
  }

  const hasRoom = () => sizeOf(batch) < MAX_BATCH_BYTES;

  const mayTake = (sender: string) => {
    if (hasRoom()) return true;
    return sizeOf(batch) < MAX_BATCH_BYTES + ROOM_BEYOND_BYTES && (beyond.get(sender) ?? 0) < MOST_BEYOND_BYTES;
  };

  /** Reads what waits, as far as the batch takes it; then lets more come. */
  function collect(): void {
    for (let next = unread.shift(mayTake); next !== undefined; next = unread.shift(mayTake)) take(next);
    if (!paused || unread.bytes + suspect.bytes > MAX_UNREAD_BYTES / 2) return;
    paused = false;
    source.resume();
  }

  function take(delivery: Delivery): void {
    if (batch.messages === 0) begun = now();
    const size = sizeOf(batch);
    batch.add(delivery);
    if (size < MAX_BATCH_BYTES) return;
    const sender = senderOf(delivery);
    beyond.set(sender, (beyond.get(sender) ?? 0) + sizeOf(batch) - size);
  }

  /** Takes it, or keeps it until its turn. */
  function place(delivery: Delivery): void {
    const sender = senderOf(delivery);
    if (suspects.size > 0 && isSuspect(sender)) suspect.push(delivery);
    else if (unread.has(sender) || !mayTake(sender)) unread.push(delivery);
    else take(delivery);
  }

  function isSuspect(sender: string): boolean {
    const until = suspects.get(sender);
    if (until === undefined || now() < until) return until !== undefined;
    suspects.delete(sender);
    return false;
  }

  async function finish(): Promise<void> {
    closed = true;
    while (isPumping()) await Promise.all([pumps.batch, pumps.suspects]);
  }

  return {
    receive: (delivery) => {
      if (closed || taken >= cap) return;
      if (delivery.topic !== CANARY_TOPIC) taken += 1;
      quietSince = undefined;
      place(delivery);
      if (!paused && unread.bytes + suspect.bytes > MAX_UNREAD_BYTES) {
        paused = true;
        source.pause();
      }
      pump();
    },
    taken: () => taken,
    quietSince: () => quietSince,
    finish,
    stop: () => {
      dropped = true;
      return finish();
    },
    failure: failure.promise,
  };
}
