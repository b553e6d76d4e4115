// A topic of Kafka, or of Event Hubs, as ingest's source: a member of a consumer group that commits offsets after the database has committed.

import { Consumer, type Message, type MessagesStream } from '@platformatic/kafka';
import { summarizeError } from '../runtime/error-summary.ts';
import { type Attempt, pause, retry } from '../runtime/retry.ts';
import type { Delivery } from '../source/delivery.ts';
import type { OpenSource } from '../source/source.ts';
import { createOffsets } from './offsets.ts';
import { dropAborted, type FetchedPartition } from './read-committed.ts';
import { createRecordReader, type RecordForm } from './record.ts';

export type { RecordForm };

/** Where the topic is, and as which user it is read. */
export interface KafkaAddress {
  /** `host:port` of some brokers; they name the others. */
  brokers: string[];
  topic: string;
  /** Workers of one group share the partitions. */
  group: string;
  /** Names this worker in the brokers' logs. */
  clientId: string;
  form: RecordForm;
  /** Undefined: no encryption; only on loopback. */
  tls: { ca?: string | undefined } | undefined;
  /** SASL PLAIN; for Event Hubs the user is `$ConnectionString`. */
  account: { username: string; password: string } | undefined;
}

/** Without a word from a member for this long, its partitions go to the others. Event Hubs wants at least 6 s. */
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 2_000;
/** A member that does not come to a rebalance in this time is left out. */
const REBALANCE_MS = 20_000;
/** How long a broker may keep a fetch for which it has nothing. */
const FETCH_MS = 500;
/** Bytes of one fetch, of all partitions and of one: what comes while ingest pauses. */
const FETCH_BYTES = 4 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
/** A connection that lasted this long was good: the next failure is then a first one. */
const STABLE_MS = 5_000;
/** For a broker's last word when the source is closed. */
const LEAVE_MS = 5_000;
/** Between the client's own attempts; after the last it is up to `retry`. */
const CLIENT_RETRY_MS = 300;
const READ_COMMITTED = 1;

type Records = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

/** @returns what opens the topic. */
export function kafkaSource(address: KafkaAddress): OpenSource {
  return ({ onDelivery, now, receipt, log }) => {
    const closing = new AbortController();
    const { signal } = closing;
    const offsets = createOffsets();
    const read = createRecordReader(address.topic, address.form);
    let consumer: Consumer | undefined;
    let records: Records | undefined;
    let readySince: number | undefined;
    let failure: unknown;
    let isPaused = false;

    const deliver = (record: Message) => {
      const delivery = read(record, receipt());
      offsets.add(delivery);
      onDelivery(delivery);
    };
    const closed = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });

    /** Returns when it is closed. @throws the reason why the membership has ended, or could not begin. */
    async function joinOnce({ reset }: Attempt): Promise<void> {
      const member = openConsumer(address);
      let stream: Records | undefined;
      let joinedAt = Number.POSITIVE_INFINITY;
      try {
        member.on('consumer:heartbeat:error', ({ error }) => {
          readySince = undefined;
          failure = error;
        });
        member.on('consumer:heartbeat:end', () => {
          readySince ??= now();
        });
        const joining = member.consume({ topics: [address.topic], mode: 'committed', fallbackMode: 'earliest' });
        stream = (await Promise.race([joining, closed])) ?? undefined;
        if (!stream) return;
        const ended = Promise.withResolvers<void>();
        stream.on('error', ended.reject);
        stream.on('close', () => ended.reject(new Error('the stream of records has ended')));
        consumer = member;
        records = stream;
        joinedAt = now();
        readySince = joinedAt;
        failure = undefined;
        log.debug({ topic: address.topic, group: address.group, member: member.memberId }, 'joined the group');
        stream.on('data', deliver);
        if (isPaused) stream.pause();
        await Promise.race([ended.promise, closed]);
      } catch (error) {
        failure = error;
        if (now() - joinedAt >= STABLE_MS) reset();
        throw error;
      } finally {
        consumer = undefined;
        records = undefined;
        readySince = undefined;
        stream?.off('data', deliver);
        await inTime(Promise.allSettled([stream?.close(), member.close(true)]));
      }
    }

    let committing: Promise<void> | undefined;
    /** One request at a time: of two, the one that the broker handles last would count. */
    async function commitOpen(): Promise<void> {
      for (let open = offsets.open(); open.size > 0 && consumer; open = offsets.open()) {
        const { topic } = address;
        await consumer.commit({
          offsets: [...open].map(([partition, offset]) => ({
            topic,
            partition,
            offset: BigInt(offset),
            leaderEpoch: -1,
          })),
        });
        offsets.committed(open);
      }
    }
    const commitSoon = () => {
      committing ??= commitOpen()
        .catch((error) => log.warn({ error: summarizeError(error) }, 'offsets not committed; the next commit has them'))
        .finally(() => {
          committing = undefined;
        });
    };

    const running = retry(joinOnce, {
      signal,
      onFailure: ({ error, failures, retryInMs }) =>
        log.warn({ error: summarizeError(error), failures, retryInMs }, 'Kafka not reached, or the group left'),
    });
    const settle = (deliveries: readonly Delivery[]) => {
      offsets.settle(deliveries);
      commitSoon();
    };

    return {
      // Without the worker: whichever of the group reads a record, it is the same one.
      name: `kafka ${address.topic} ${address.group}`,
      readySince: () => readySince,
      failure: () => failure,
      commit: settle,
      // Offsets pass it. The topic keeps it as long as it keeps all.
      leave: (deliveries) => {
        for (const { lane, tag } of deliveries)
          log.error(
            { topic: address.topic, partition: lane, offset: tag - 1 },
            'a record stays in the topic, and nowhere else',
          );
        settle(deliveries);
      },
      pause: () => {
        isPaused = true;
        records?.pause();
      },
      resume: () => {
        isPaused = false;
        records?.resume();
      },
      close: async () => {
        records?.off('data', deliver);
        await inTime(Promise.resolve(committing).then(commitOpen));
        closing.abort();
        await running.catch(() => {});
      },
    };
  };
}

/** Waits no longer than {@link LEAVE_MS} for a broker's last word: what it does not get, the next member reads again. */
async function inTime(work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const settled = work.catch(() => {}).finally(() => done.abort());
  await Promise.race([settled, pause(LEAVE_MS, done.signal)]);
}

function openConsumer({ brokers, group, clientId, tls, account }: KafkaAddress): Consumer {
  const consumer = new Consumer({
    clientId,
    groupId: group,
    bootstrapBrokers: brokers,
    ...(tls && { tls: { ...(tls.ca !== undefined && { ca: tls.ca }), minVersion: 'TLSv1.2' }, tlsServerName: true }),
    ...(account && { sasl: { mechanism: 'PLAIN', ...account } }),
    retryDelay: CLIENT_RETRY_MS,
    autocommit: false,
    isolationLevel: READ_COMMITTED,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTime: FETCH_MS,
    maxBytes: FETCH_BYTES,
    maxBytesPerPartition: PARTITION_BYTES,
  });
  const fetch = consumer.fetch.bind(consumer);
  consumer.fetch = ((options, callback) =>
    fetch(options, (error, response) => {
      for (const { partitions } of response?.responses ?? []) {
        for (const partition of partitions) dropAborted(partition as unknown as FetchedPartition);
      }
      callback(error, response);
    })) as typeof consumer.fetch;
  return consumer;
}
