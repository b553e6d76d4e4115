// What a user of the registry may do on the cluster, in NATS' words.

import {
  consumerOf,
  INGEST_INBOX,
  MESSAGES_STREAM,
  PARTITION_PREFIX,
  PARTITIONS,
  subjectsOf,
} from '../../domain/cluster.ts';
import { COMMAND_CHANNEL, DESIRED_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import type { Account } from './accounts.ts';

/** By which protocol a user comes. */
export type Protocol = 'MQTT' | 'STANDARD';

/** Subjects that it may publish and subscribe to; everything else is refused. */
export interface Permissions {
  protocols: Protocol[];
  publish: string[];
  subscribe: string[];
}

/** A list that allows nothing: an empty one would allow everything. */
const NOTHING = ['_NOTHING'];

/** Why a known user gets no rights here. */
export class NotServed extends Error {
  override name = 'NotServed';
}

/** @throws NotServed for a user whose rights the cluster cannot give: half of them would lose what it sends without a word. */
export function rightsOf({ username, tenant, device, rights }: Account): Permissions {
  if (tenant !== undefined && device !== undefined) {
    if (rights.length > 0) throw new NotServed(`${username} keeps topics from before the platform`);
    const [own] = subjectsOf(devicePrefix(tenant, device));
    return {
      protocols: ['MQTT'],
      // Any channel: ingest makes dead letters of what it does not know. After the mapping, so with the partition.
      publish: [`${PARTITION_PREFIX}.*.${own}.>`],
      subscribe: [`${own}.${COMMAND_CHANNEL}`, `${own}.${COMMAND_CHANNEL}.>`, `${own}.${DESIRED_CHANNEL}`],
    };
  }
  if (/^svc-ingest(-|$)/.test(username)) return INGEST;
  if (/^svc-control(-|$)/.test(username)) {
    const writes = rights.filter((right) => right.startsWith('write:')).map((right) => right.slice('write:'.length));
    return { protocols: ['MQTT'], publish: writes.flatMap(subjectsOf), subscribe: NOTHING };
  }
  throw new NotServed(`${username} has no task on the cluster`);
}

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => consumerOf(partition));

/** Takes messages of the consumers that are there and acknowledges them; may neither make nor remove any. */
const INGEST: Permissions = {
  protocols: ['STANDARD'],
  publish: [
    `$JS.API.STREAM.INFO.${MESSAGES_STREAM}`,
    ...partitions.flatMap((consumer) => [
      `$JS.API.CONSUMER.INFO.${MESSAGES_STREAM}.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${MESSAGES_STREAM}.${consumer}`,
      `$JS.ACK.${MESSAGES_STREAM}.${consumer}.>`,
    ]),
  ],
  // Answers to it alone: other services' have another prefix.
  subscribe: [`${INGEST_INBOX}.>`],
};
