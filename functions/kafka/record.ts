// A record of the topic as a delivery.

import { hash } from 'node:crypto';
import { deviceUsername } from '../../domain/identifiers.ts';
import { CLIENT_MEMBER, TOPIC_MEMBER } from '../../domain/managed-topics.ts';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';
import { parseDeviceTopic } from '../../domain/topics.ts';
import { Delivery } from '../source/delivery.ts';
import { type Stamp, stampsOf } from '../source/stamp.ts';

/** The part of a record that is read. */
export interface KafkaRecord {
  key?: Buffer | null | undefined;
  value?: Buffer | null | undefined;
  headers: ReadonlyMap<Buffer, Buffer>;
  partition: number;
  offset: bigint;
  timestamp: bigint;
}

/** What a record is. `plain`: its key is the MQTT topic, its value the payload. `event-grid`: its value is Event Grid's envelope. */
export type RecordForm = 'plain' | 'event-grid';

/** Reads records of one topic. @param topic names it, for the identity of its records. */
export function createRecordReader(
  topic: string,
  form: RecordForm,
): (record: KafkaRecord, receivedAt: number) => Delivery {
  const partitions = new Map<number, ReturnType<typeof stampsOf>>();
  const stampOf = ({ partition, offset, timestamp }: KafkaRecord): Stamp => {
    let stamps = partitions.get(partition);
    if (stamps === undefined) {
      stamps = stampsOf(`kafka ${topic} ${partition}`);
      partitions.set(partition, stamps);
    }
    return stamps(Number(offset), Number(timestamp));
  };
  return (record, receivedAt) => {
    const message = form === 'plain' ? plain(record) : opened(record);
    const { payload } = message;
    const end = Math.min(payload.length, MOST_KEPT_BYTES);
    const delivery = new Delivery(
      message.topic,
      payload,
      0,
      end,
      end < payload.length,
      Number(record.offset) + 1,
      false,
      record.partition,
      receivedAt,
    );
    const { id, ts, contentType } = message;
    if (id !== undefined || ts !== undefined || contentType !== undefined)
      delivery.properties = { id, ts, contentType };
    delivery.stamp = message.stamp ?? stampOf(record);
    return delivery;
  };
}

/** Of a larger payload a beginning is kept, to be shown: it is refused. */
const MOST_KEPT_BYTES = MAX_PAYLOAD_BYTES + 1;
const EMPTY = Buffer.alloc(0);

interface Message {
  topic: string;
  payload: Buffer;
  id?: string | undefined;
  ts?: string | undefined;
  contentType?: string | undefined;
  stamp?: Stamp | undefined;
}

/** The headers are called as MQTT's properties are. */
function plain({ key, value, headers }: KafkaRecord): Message {
  const message: Message = { topic: textOf(key), payload: value ?? EMPTY };
  for (const [name, content] of headers) {
    const text = name.toString('latin1');
    if (text === 'message_id') message.id = content.toString('utf8');
    else if (text === 'ts') message.ts = content.toString('utf8');
    else if (text === 'content-type') message.contentType = content.toString('utf8');
  }
  return message;
}

/** Postgres' text holds no NUL, and no topic does. */
const textOf = (bytes: Buffer | null | undefined) => bytes?.toString('utf8').replaceAll('\0', '\ufffd') ?? '';

/**
 * What Event Grid's MQTT broker routes (https://learn.microsoft.com/azure/event-grid/mqtt-routing-event-schema): a CloudEvent. An MQTT 5
 * device may send one of its own, and chooses `id`, `time`, `type` and `subject` then. So only the two members say whose it is that the
 * namespace adds (components/mqtt-namespace.ts). Event Grid may send one event twice, as two records: client and id are the identity.
 * What lacks them has no topic, and becomes a dead letter without a tenant.
 */
function opened({ value, timestamp }: KafkaRecord): Message {
  const unknown = { topic: '', payload: value ?? EMPTY };
  try {
    const event = JSON.parse(value?.toString('utf8') ?? '') as Record<string, unknown>;
    const { id, time, [CLIENT_MEMBER]: client, [TOPIC_MEMBER]: topic } = event;
    if (typeof id !== 'string' || typeof client !== 'string' || typeof topic !== 'string') return unknown;
    const whose = parseDeviceTopic(topic);
    if (whose === undefined || client !== deviceUsername(whose.tenant, whose.device)) return unknown;
    const payload =
      typeof event.data_base64 === 'string'
        ? Buffer.from(event.data_base64, 'base64')
        : Buffer.from(typeof event.data === 'string' ? event.data : JSON.stringify(event.data ?? null));
    const digits = hash('sha256', `${client}\n${id}`);
    const stamp = {
      receivedAt: receipt(String(time), Number(timestamp)),
      boot: digits.slice(0, 8),
      counter: 1 + (Number.parseInt(digits.slice(8, 18), 16) % COUNTERS),
      note: '',
    };
    return { topic: topic.replaceAll('\0', '\ufffd'), payload, stamp };
  } catch {
    return unknown;
  }
}

/** The event's time, which is the same when it comes twice, unless it cannot be: then the record's. Event Grid tries for a day. */
function receipt(time: string, recordedAt: number): number {
  const at = Date.parse(time);
  return at > recordedAt - 25 * HOUR_MS && at < recordedAt + HOUR_MS / 12 ? at : recordedAt;
}

const HOUR_MS = 3_600_000;

/** Forty bits: what a stamp's counter holds, and more. */
const COUNTERS = 2 ** 40;
