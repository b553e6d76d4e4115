// Makes what ingest reads from: the stream of messages before nats-server makes it without bounds, and a consumer for each partition.
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import {
  consumerOf,
  MESSAGES_PREFIX,
  MESSAGES_STREAM,
  NOT_RETAINED,
  PARTITION_PREFIX,
  PARTITIONS,
  partitionFilter,
  RETAINED_PREFIX,
  RETAINED_STREAM,
} from '../../domain/cluster.ts';

/** Where and how large. */
export interface StreamsOptions {
  /** `host:port` of the servers' client ports. */
  servers: readonly string[];
  /** PEM file of the servers' authority. */
  caFile: string;
  /** The keeper's seed. */
  seed: string;
  /** Copies of each message: 3, or 1 on a single server. */
  replicas: number;
  /** Most bytes that may wait, on each server. A message beyond them is refused, not acknowledged. */
  maxBytes: number;
}

/** Bounds what ingest holds and has not acknowledged, as the receive maximum does on one machine. */
const MOST_UNACKNOWLEDGED = 10_000;
/** A worker that died gave no answer: its messages go to the next one after this time. */
const ANSWER_SECONDS = 30;
/** What is desired of all devices, and for seconds what devices retain. */
const MOST_RETAINED_BYTES = 256 * 1024 * 1024;
const NS = 1_000_000_000;

/**
 * Makes them, or brings them in line. Before a device connects: the stream keeps only what a consumer wants.
 * @throws Error when the servers do not agree in time, such as while two of three are away.
 */
export async function makeStreams({ servers, caFile, seed, replicas, maxBytes }: StreamsOptions): Promise<void> {
  const connection = await connect({
    servers: [...servers],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    tls: { caFile },
  });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const bounds = {
      subjects: [`${MESSAGES_PREFIX}>`],
      num_replicas: replicas,
      max_bytes: maxBytes,
      discard: DiscardPolicy.New,
    };
    const is = await manager.streams.info(MESSAGES_STREAM).catch(() => undefined);
    if (is) await manager.streams.update(MESSAGES_STREAM, { ...is.config, ...bounds });
    else {
      await manager.streams.add({
        name: MESSAGES_STREAM,
        storage: StorageType.File,
        retention: RetentionPolicy.Interest,
        ...bounds,
      });
    }
    // Nothing of a device is retained: what it retains gets a name that nobody reads, and the gatekeeper removes it.
    const retained = await manager.streams.info(RETAINED_STREAM).catch(() => undefined);
    if (!retained) {
      await manager.streams.add({
        name: RETAINED_STREAM,
        subjects: [`${RETAINED_PREFIX}>`],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        max_msgs_per_subject: 1,
        max_bytes: MOST_RETAINED_BYTES,
        discard: DiscardPolicy.New,
        num_replicas: replicas,
        subject_transform: { src: `${RETAINED_PREFIX}${PARTITION_PREFIX}.>`, dest: NOT_RETAINED },
      });
    }
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await manager.consumers.add(MESSAGES_STREAM, {
        durable_name: consumerOf(partition),
        filter_subject: partitionFilter(partition),
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: ANSWER_SECONDS * NS,
        max_ack_pending: MOST_UNACKNOWLEDGED,
        max_deliver: -1,
      });
    }
  } finally {
    await connection.close();
  }
}
