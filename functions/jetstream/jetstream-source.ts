// A partition of the cluster's stream as a source: its durable consumer keeps what is not committed, on three servers.
import { type Consumer, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { consumerOf, INGEST_INBOX, MESSAGES_STREAM, topicOf } from '../../domain/cluster.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import { type Attempt, pause, retry } from '../runtime/retry.ts';
import { Delivery } from '../source/delivery.ts';
import type { OpenSource } from '../source/source.ts';
import { stampsOf } from '../source/stamp.ts';

/** Where the cluster is, and ingest's account there. */
export interface ClusterAddress {
  /** `host:port` of the servers' client ports. */
  servers: readonly string[];
  /** PEM of the servers' authority; undefined: the public ones. */
  ca: string | undefined;
  username: string;
  password: string;
}

/** Of a pull: what a pause lets in that is on its way. */
const PULL = { max_messages: 1_000, expires: 1_000 };
/** A server that does not answer counts as gone after three of these. */
const PING_MS = 2_000;
/** Between two attempts, in milliseconds. */
const AGAIN_MS = 250;
const GONE = 'the partition does not answer, will try again';
/** Then the next server is tried. */
const CONNECT_MS = 2_000;
/** Tags are kept in an int4 column. */
const TAGS = 2_147_483_647;
const NS_PER_MS = 1_000_000;
/** All messages of a session came by one lane: an acknowledgement is valid on any connection. */
const LANE = 1;

/** @returns what opens the partition. */
export function jetStreamSource({ servers, ca, username, password }: ClusterAddress, partition: number): OpenSource {
  const name = consumerOf(partition);
  return ({ onDelivery, now, receipt, log }) => {
    const closing = new AbortController();
    const { signal } = closing;
    const held = new Map<Delivery, JsMsg>();
    let connection: NatsConnection | undefined;
    let readySince: number | undefined;
    let failure: unknown;
    let resumed: PromiseWithResolvers<void> | undefined;

    const deliver = (message: JsMsg, stampOf: ReturnType<typeof stampsOf>) => {
      const { buffer, byteOffset, byteLength } = message.data;
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      const tag = (message.seq % TAGS) + 1;
      const { redelivered } = message;
      const topic = topicOf(message.subject);
      const delivery = new Delivery(topic, bytes, 0, byteLength, false, tag, redelivered, LANE, receipt());
      delivery.stamp = stampOf(message.seq, Math.floor(message.info.timestampNanos / NS_PER_MS));
      held.set(delivery, message);
      onDelivery(delivery);
    };

    /** Returns when it is closed. @throws why it could not begin. */
    const pullAll = async ({ reset }: Attempt): Promise<void> => {
      // It finds another server by itself, and what was acknowledged meanwhile is told there.
      connection = await connect({
        servers: [...servers],
        user: username,
        pass: password,
        inboxPrefix: INGEST_INBOX,
        tls: ca === undefined ? {} : { ca },
        timeout: CONNECT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: AGAIN_MS,
        pingInterval: PING_MS,
        maxPingOut: 2,
      });
      try {
        const manager = await jetstreamManager(connection, { checkAPI: false });
        // A stream that was made again begins to count again: it is another one.
        const { created } = await manager.streams.info(MESSAGES_STREAM);
        const consumer = await jetstream(connection).consumers.get(MESSAGES_STREAM, name);
        const stampOf = stampsOf(`${MESSAGES_STREAM} ${created}`);
        reset();
        while (!signal.aborted) {
          await resumed?.promise;
          await pull(consumer, (message) => deliver(message, stampOf));
        }
      } finally {
        readySince = undefined;
        await connection.close().catch(() => {});
      }
    };

    /** Takes what waits, or what comes within a second. */
    const pull = async (consumer: Consumer, take: (message: JsMsg) => void): Promise<void> => {
      if (signal.aborted) return;
      let stop = () => {};
      try {
        const messages = await consumer.fetch(PULL);
        stop = () => messages.stop();
        signal.addEventListener('abort', stop);
        for await (const message of messages) if (!signal.aborted) take(message);
        readySince ??= now();
        failure = undefined;
      } catch (error) {
        // Such as with an account that has another key now.
        if (connection?.isClosed()) throw error;
        // No server, or servers that agree on a new leader of the partition.
        if (readySince !== undefined) log.warn({ error: summarizeError(error), consumer: name }, GONE);
        readySince = undefined;
        failure = error;
        await pause(AGAIN_MS, signal);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    };

    const running = retry(pullAll, {
      signal,
      onFailure: ({ error, retryInMs }) => {
        failure = error;
        log.warn({ error: summarizeError(error), retryInMs, consumer: name }, GONE);
      },
    }).catch(() => {});

    return {
      name: `${name} ${username}`,
      readySince: () => readySince,
      failure: () => failure,
      commit: (deliveries) => {
        for (const delivery of deliveries) {
          // Without a connection they come again, and are recognised.
          if (!connection?.isClosed()) held.get(delivery)?.ack();
          held.delete(delivery);
        }
      },
      leave: (deliveries) => {
        for (const delivery of deliveries) held.delete(delivery);
      },
      pause: () => {
        resumed ??= Promise.withResolvers();
      },
      resume: () => {
        resumed?.resolve();
        resumed = undefined;
      },
      close: async () => {
        // At once to the next worker, instead of when their time for an answer is over.
        if (connection && !connection.isClosed()) {
          for (const message of held.values()) message.nak();
          await Promise.race([connection.flush().catch(() => {}), pause(CONNECT_MS, signal)]);
        }
        closing.abort();
        resumed?.resolve();
        await running;
      },
    };
  };
}
