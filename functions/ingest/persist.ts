// Writes a batch until all of it is stored, in parts that the database can take. What it never takes is set aside, so that one
// message, or one tenant, cannot keep the others waiting: what may be to blame is not tried again unchanged.

import { type Blame, blameOf, classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { retry } from '../runtime/retry.ts';
import type { Delivery } from '../source/delivery.ts';
import type { Written } from './accounting.ts';
import type { Batch } from './batch.ts';
import { RowRefused, type Store } from './store.ts';

/** What it works with. */
export interface PersistOptions {
  store: Store;
  /** Told of each committed part. */
  onCommitted: (part: Batch, written: Written, durationMs: number) => void;
  /** Told of a message of which the database refuses a row. @returns what of the part is not to be written now. Default: nothing. */
  onRefused?: (refused: Delivery) => (delivery: Delivery) => boolean;
  /** Told of what could be written nowhere. */
  onLeft: (part: Batch) => void;
  /** Asked before each part: the rest stays on the broker. */
  isOver: () => boolean;
  /** Time, on `now`'s clock, after which nothing is tried again. */
  retryUntil: number;
  /** Aborted: nothing is tried again. */
  signal: AbortSignal;
  log: Logger;
  now: () => number;
}

/** A part that fails is written in this many parts: of 4,000 messages, the one to blame is alone after three failures. */
const PARTS = 16;
/** After a transaction that took too long, later ones hold fewer messages; each that succeeds lets the next hold this many more. */
const MORE_MESSAGES = 64;
/** More messages than a batch has. */
const NO_BOUND = 8_192;
/** How many messages of a tenant are tried alone in a batch; its others are then set aside together with the next that fails. */
const MOST_ALONE = 8;
/** How often one message fails before it is set aside. That this can be written shows that the database works. */
const MOST_FAILURES: Record<NonNullable<Blame>, number> = { data: 1, effort: 2, doubtful: 4 };

/** After this many failures it may not end by itself, and is logged as an error: a database that is read-only because it is full. */
const LOUD_AFTER = 5;

/** Messages to be written; with an error, to be set aside because of it. */
interface Part {
  part: Batch;
  because?: unknown;
}

/** How a batch is persisted. */
export interface HowToPersist {
  /** Called when the rows have been sent to the database; not always. Default: nothing. */
  onSent?: () => void;
  /** Bad rows are expected. Default: false. */
  carefully?: boolean;
}

/**
 * @returns a function that resolves when everything in the batch is committed, but what `onRefused` holds back.
 * @throws the error that no retry can help with.
 */
export function createPersist(options: PersistOptions): (batch: Batch, how: HowToPersist) => Promise<void> {
  const { store, onCommitted, onRefused, onLeft, isOver, retryUntil, signal, log, now } = options;
  let most = NO_BOUND;

  /** @returns what was written, or in which parts to try it again. */
  async function write(
    { part, because }: Part,
    alone: Map<string, number>,
    { onSent, carefully = false }: HowToPersist,
  ) {
    const names = onRefused !== undefined;
    return retry<Written | Part[]>(
      async ({ failures }) => {
        if (because !== undefined) return setAside(part, because);
        try {
          return await store.write(part, { onSent: failures === 0 ? onSent : undefined, carefully, names });
        } catch (error) {
          if (error instanceof RowRefused && onRefused) {
            const [, others] = part.partition(onRefused(error.delivery));
            return others.messages > 0 ? [{ part: others }] : [];
          }
          const blame = blameOf(error);
          if (blame === undefined || failures + 1 < failuresAllowed(part, blame)) throw error;
          if (blame !== 'data') most = inParts(part.messages);
          log.warn({ messages: part.messages, error: summarizeError(error), blame }, 'batch not written as it is');
          if (part.messages > 1) return takeApart(part, error, alone);
          const written = await setAside(part, error);
          for (const tenant of part.received.keys()) if (tenant) alone.set(tenant, (alone.get(tenant) ?? 0) + 1);
          return written;
        }
      },
      {
        signal,
        until: retryUntil,
        now,
        isFinal: (error) => ['fence', 'unknown'].includes(classify(error)),
        onFailure: ({ error, failures, retryInMs }) => {
          const kind = classify(error);
          log[kind === 'transient' && failures < LOUD_AFTER ? 'warn' : 'error'](
            { messages: part.messages, error: summarizeError(error), kind, attempt: failures, retryInMs },
            'batch not written, will try again; its messages wait on the broker',
          );
        },
      },
    );
  }

  /** As dead letters, or, when the database refuses even these, nowhere: they stay on the broker. */
  async function setAside(part: Batch, because: unknown): Promise<Written | Part[]> {
    const { code, message } = summarizeError(because);
    const seen = { messages: part.messages, because: code };
    try {
      const written = await store.write(part.setAside(`${code}: ${message}`));
      log.warn(seen, 'messages set aside as dead letters');
      return written;
    } catch (error) {
      if (blameOf(error) !== 'data') throw error;
      if (part.messages > 1) return part.split(1).map((one) => ({ part: one, because }));
      log.error(
        { ...seen, error: summarizeError(error) },
        'a message cannot become a dead letter either: it stays on the broker',
      );
      onLeft(part);
      return [];
    }
  }

  return async (batch, how) => {
    const alone = new Map<string, number>();
    const parts: Part[] = batch.split(most).map((part) => ({ part }));
    for (let next = parts.shift(); next !== undefined && !isOver(); next = parts.shift()) {
      const started = performance.now();
      const result = await write(next, alone, how);
      if (Array.isArray(result)) parts.unshift(...result);
      else {
        most = Math.min(NO_BOUND, most + MORE_MESSAGES);
        onCommitted(next.part, result, performance.now() - started);
      }
    }
  };
}

const inParts = (messages: number) => Math.max(1, Math.ceil(messages / PARTS));

const failuresAllowed = (part: Batch, blame: NonNullable<Blame>) =>
  part.messages === 1 ? MOST_FAILURES[blame] : blame === 'doubtful' ? 2 : 1;

/** What tenants sent that are known to be to blame, to be set aside; what others sent, in smaller parts. */
function takeApart(batch: Batch, because: unknown, alone: ReadonlyMap<string, number>): Part[] {
  const guilty = new Set([...alone].filter(([, number]) => number >= MOST_ALONE).map(([tenant]) => tenant));
  const [theirs, others] = batch.partition((_, tenant) => tenant !== undefined && guilty.has(tenant));
  const parts: Part[] = others.split(inParts(others.messages)).map((part) => ({ part }));
  return [{ part: theirs, because }, ...parts].filter(({ part }) => part.messages > 0);
}
