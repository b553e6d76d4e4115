// Keeps a connection to the broker: connects, and reconnects, until it is stopped.
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { type Attempt, retry } from '../runtime/retry.ts';
import type { Delivery } from '../source/delivery.ts';
import type { Source } from '../source/source.ts';
import { createAcknowledger } from './acknowledge.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { BrokerRefusal, SESSION_TAKEN_OVER } from './reason-codes.ts';

/** The consumer's settings. */
export interface ConsumerOptions extends Omit<ConnectionOptions, 'number' | 'onNote'> {
  log: Logger;
}

/** Ingest's connection to the broker. It is ready while a connection has subscribed; while it is paused it does not reconnect. */
export interface Consumer extends Pick<Source, 'readySince' | 'failure' | 'commit' | 'leave' | 'pause' | 'resume'> {
  /** Subscribes as `former` says now, without a new connection. */
  resubscribe(): void;
  /** Publishes once, as {@link Connection.publish} does. Rejects without a connection. */
  publish(topic: string, payload: string): Promise<number>;
  /** Disconnects permanently; the session remains on the broker. */
  stop(): Promise<void>;
}

/** Milliseconds after which a connection counts as good: the next failure is then a first one. */
const STABLE_MS = 2_000;
/** Two clients with one client id would disconnect each other endlessly; the pause lets the other one work. */
const TAKEN_OVER_MS = 5_000;

/** Logged if the broker had no session to resume for this account. */
export const NEW_SESSION =
  'the broker knew no session of this account: anything published before now was not queued for it';

/** Starts connecting at once. */
export function startConsumer({ log, onDelivery, ...options }: ConsumerOptions): Consumer {
  const stopping = new AbortController();
  const { signal } = stopping;
  let connection: Connection | undefined;
  let readySince: number | undefined;
  let number = 0;
  let failure: unknown;
  let resumed: PromiseWithResolvers<void> | undefined;
  const acknowledger = createAcknowledger((received) => {
    if (connection?.number === received.connection) connection.acknowledge(received.packetIds, received.done);
  });
  const deliver = (delivery: Delivery) => {
    acknowledger.add(delivery);
    onDelivery(delivery);
  };

  /** Returns when it is stopped. @throws the reason why the connection has ended, or could not be made. */
  async function connectOnce({ reset }: Attempt): Promise<void> {
    await resumed?.promise;
    if (signal.aborted) return;
    number += 1;
    const onNote = (message: string) => log.warn({ connection: number }, message);
    connection = openConnection({ ...options, number, onDelivery: deliver, onNote });
    const { subscribed, ended } = connection;
    subscribed.then(
      (sessionPresent) => {
        readySince = options.now();
        failure = undefined;
        log.debug({ connection: number, sessionPresent }, 'connected to the broker');
        if (!sessionPresent && options.subscription !== 'end') log.warn({}, NEW_SESSION);
        if (resumed) connection?.pause();
      },
      () => {},
    );
    const reason = await ended;
    if (readySince !== undefined && options.now() - readySince >= STABLE_MS) reset();
    connection = undefined;
    readySince = undefined;
    failure = reason;
    if (!signal.aborted) throw reason;
  }

  const running = retry(connectOnce, {
    signal,
    extraWaitMs: (error) =>
      error instanceof BrokerRefusal && error.reasonCode === SESSION_TAKEN_OVER ? TAKEN_OVER_MS : 0,
    onFailure: ({ error, failures, retryInMs }) =>
      log.warn({ error: summarizeError(error), failures, retryInMs }, 'broker connection lost or refused'),
  });
  return {
    readySince: () => readySince,
    resubscribe: () => connection?.resubscribe(),
    publish: async (topic, payload) => {
      if (!connection) throw new Error('there is no connection to the broker');
      return connection.publish(topic, payload);
    },
    failure: () => failure,
    commit: (deliveries) => acknowledger.settle(deliveries, true),
    leave: (deliveries) => acknowledger.settle(deliveries, false),
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
