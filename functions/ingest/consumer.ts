// Keeps a connection to the broker: connects, and connects again, until it is stopped.
import { describeError } from '../describe.ts';
import type { Logger } from '../log.ts';
import { type Backoff, backoffMs, pause } from './backoff.ts';
import type { Batch } from './batch.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { BrokerRefusal, SESSION_TAKEN_OVER } from './reason-codes.ts';

/** How the consumer is set up. */
export interface ConsumerOptions extends Omit<ConnectionOptions, 'number'> {
  log: Logger;
}

/** The broker's end of ingest. */
export interface Consumer {
  /** When the present connection subscribed, in milliseconds since 1970; undefined while there is none. */
  readySince(): number | undefined;
  /** Subscribes as `former` says now, without a new connection. */
  resubscribe(): void;
  /** Acknowledges what of a batch came on the present connection; the broker sends the rest again. */
  acknowledge(batch: Batch): void;
  /** Stops reading, and connecting anew, until `resume`. */
  pause(): void;
  resume(): void;
  /** Disconnects and stays so; the session remains on the broker. */
  stop(): Promise<void>;
}

const BACKOFF: Backoff = { baseMs: 250, capMs: 10_000 };
/** A connection that lasted this long was a good one: the next failure is a first one. */
const STABLE_MS = 2_000;
/** Two clients with one client id would kick each other out for ever; the pause lets the other one work. */
const TAKEN_OVER_MS = 5_000;

/** What is logged when the broker had nothing for this account to resume. */
export const NEW_SESSION =
  'the broker knew no session of this account: anything published before now was not queued for it';

/** Starts connecting at once. */
export function startConsumer({ log, ...options }: ConsumerOptions): Consumer {
  const stopping = new AbortController();
  let connection: Connection | undefined;
  let readySince: number | undefined;
  let number = 0;
  let failures = 0;
  let resumed: PromiseWithResolvers<void> | undefined;

  async function keepConnected(): Promise<void> {
    while (!stopping.signal.aborted) {
      await resumed?.promise;
      if (stopping.signal.aborted) return;
      const error = await connectOnce();
      if (stopping.signal.aborted) return;
      const takenOver = error instanceof BrokerRefusal && error.reasonCode === SESSION_TAKEN_OVER;
      const retryInMs = Math.round(backoffMs(failures, BACKOFF) + (takenOver ? TAKEN_OVER_MS : 0));
      failures += 1;
      log.warn({ error: describeError(error), failures, retryInMs }, 'broker connection lost or refused');
      await pause(retryInMs, stopping.signal);
    }
  }

  /** Resolves with the reason when the connection has ended, or could not be made. */
  async function connectOnce(): Promise<Error> {
    number += 1;
    connection = openConnection({ ...options, number });
    const { subscribed, ended } = connection;
    subscribed.then(
      (sessionPresent) => {
        readySince = options.now();
        log.debug({ connection: number, sessionPresent }, 'connected to the broker');
        if (!sessionPresent && options.subscription !== 'end') log.warn({}, NEW_SESSION);
        if (resumed) connection?.pause();
      },
      () => {},
    );
    const reason = await ended;
    if (readySince !== undefined && options.now() - readySince >= STABLE_MS) failures = 0;
    connection = undefined;
    readySince = undefined;
    return reason;
  }

  const running = keepConnected();
  return {
    readySince: () => readySince,
    resubscribe: () => connection?.resubscribe(),
    acknowledge: (batch) => connection?.acknowledge(batch.acknowledgements(connection.number)),
    pause: () => {
      resumed ??= Promise.withResolvers();
      connection?.pause();
    },
    resume: () => {
      resumed?.resolve();
      resumed = undefined;
      connection?.resume();
    },
    stop: async () => {
      stopping.abort();
      resumed?.resolve();
      await connection?.disconnect();
      await running;
    },
  };
}
