// Reads PUBLISH packets in place: every message has properties, the broker's stamp at least. control-packets.ts reads the others.
import { isUtf8 } from 'node:buffer';
import { Delivery } from '../source/delivery.ts';
import { malformed, ProtocolError, TOPIC_ALIAS_INVALID, TOPIC_NAME_INVALID } from './reason-codes.ts';
import { type ReadStamp, STAMP_PROPERTY } from './stamp.ts';

/** First byte of a PUBLISH is 0011 dqqr: dup, QoS, retain (MQTT 5.0, 3.3.1). */
export const PUBLISH = 0x30;

/** How deliveries of one connection are read. */
export interface ReadOptions {
  /** Number of the connection in this process. */
  connection: number;
  /** Checks stamps. Without it none is expected, and none is looked at. */
  readStamp?: ReadStamp | undefined;
}

/**
 * Reads the PUBLISH in `bytes` from `start` to `end`, with its variable header at `body`.
 * @throws ProtocolError if it is malformed, or none that this client can get. What a device may have put into a message's properties is
 * not judged: the broker would send it again after each connection, and no message would come any more.
 */
export function readPublish(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
  truncated: boolean,
  { connection, readStamp }: ReadOptions,
  receivedAt: number,
): Delivery {
  const flags = bytes[start] as number;
  const qos = (flags >> 1) & 3;
  // [MQTT-3.3.1-4], and [MQTT-3.3.1-2]: QoS 0 is never a repeat.
  if (qos === 3 || (flags & 0x0e) === 0x08 || body + 2 > end) throw malformed();
  // No subscription asks for it [MQTT-3.8.4-8].
  if (qos === 2) throw new ProtocolError('sent PUBLISH with QoS 2');
  const topicEnd = body + 2 + uint16At(bytes, body);
  const propertiesAt = qos === 0 ? topicEnd : topicEnd + 2;
  if (propertiesAt + 1 > end) throw malformed();
  const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
  if (qos === 1 && packetId === 0) throw new ProtocolError('sent PUBLISH for the packet identifier 0');
  const from = lengthEnd(bytes, propertiesAt, end);
  const to = from + lengthAt(bytes, propertiesAt, from);
  if (to > end) throw malformed();
  const topic = topicOf(bytes, body + 2, topicEnd);
  const dup = (flags & 0x08) !== 0;
  const delivery = new Delivery(topic, bytes, to, end, truncated, packetId, dup, connection, receivedAt);
  const stampAt = readProperties(bytes, from, to, delivery);
  if (readStamp && stampAt > 0) {
    const valueEnd = stampAt + 2 + uint16At(bytes, stampAt);
    delivery.stamp = readStamp(topic, bytes, stampAt + 2, valueEnd) ?? 'forged';
  }
  return delivery;
}

/** A wildcard, U+0000, or what stands for bytes that are not UTF-8. */
const DOUBTFUL = /[+#\0\ufffd]|^$/;

/** [MQTT-1.5.4-1], [MQTT-1.5.4-2], [MQTT-3.3.2-2]; and without an alias there must be one. @throws ProtocolError */
function judgeTopic(topic: string, bytes: Buffer): void {
  if (!isUtf8(bytes) || bytes.includes(0)) throw malformed('sent PUBLISH with a topic that is not UTF-8');
  if (WILDCARD.test(topic)) throw new ProtocolError('sent PUBLISH to a topic with wildcards', TOPIC_NAME_INVALID);
  if (topic === '')
    throw new ProtocolError('sent PUBLISH without a topic, and no alias was allowed', TOPIC_ALIAS_INVALID);
}

const WILDCARD = /[+#]/;
/** Topics as they came last, by a hash of theirs: the same devices publish again and again. */
const topics = new Array<{ bytes: Buffer; text: string } | undefined>(1024);

function topicOf(bytes: Buffer, from: number, to: number): string {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (hash * 31 + (bytes[at] as number)) | 0;
  const slot = hash & (topics.length - 1);
  const known = topics[slot];
  if (known && isSame(bytes, from, to, known.bytes)) return known.text;
  const text = bytes.toString('utf8', from, to);
  if (DOUBTFUL.test(text)) judgeTopic(text, bytes.subarray(from, to));
  topics[slot] = { bytes: Buffer.from(bytes.subarray(from, to)), text };
  return text;
}

/** To compare short texts in native code would take longer to call than to do. */
function isSame(bytes: Buffer, from: number, to: number, one: Buffer): boolean {
  if (one.length !== to - from) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== bytes[from + at]) return false;
  return true;
}

/** Where the properties begin whose length is at `at`: after at most four bytes of seven bits, and as few as possible (MQTT 5.0, 1.5.5). */
function lengthEnd(bytes: Buffer, at: number, end: number): number {
  for (let index = 0; index < 4 && at + index < end; index++) {
    const byte = bytes[at + index] as number;
    if (byte >= 0x80) continue;
    if (byte === 0 && index > 0) break;
    return at + index + 1;
  }
  throw malformed();
}

function lengthAt(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  for (let index = 0; at + index < end; index++) length |= ((bytes[at + index] as number) & 0x7f) << (7 * index);
  return length;
}

const CONTENT_TYPE = 0x03;
const USER_PROPERTY = 0x26;
const TEXTS = new Set([CONTENT_TYPE, /* response topic */ 0x08, /* correlation data */ 0x09]);
const TOPIC_ALIAS = 0x23;
/** Bytes of the properties that have a fixed length: payload format, expiry (MQTT 5.0, 2.2.2.2). */
const FIXED = new Map([
  [0x01, 1],
  [0x02, 4],
]);
const SUBSCRIPTION = 0x0b;

/** Names are compared as bytes: most messages have the stamp alone, and need no text made of it. */
const MESSAGE_ID = Buffer.from('message_id');
const TS = Buffer.from('ts');
const STAMP = Buffer.from(STAMP_PROPERTY);

/**
 * Reads what is used of the properties into `delivery`, and returns where its stamp is, or 0. One given twice counts as the last, as a member
 * given twice does in JSON; of the stamps the last is the broker's.
 */
function readProperties(bytes: Buffer, from: number, to: number, delivery: Delivery): number {
  let id: string | undefined;
  let ts: string | undefined;
  let contentType: string | undefined;
  let stampAt = 0;
  let at = from;
  while (at < to) {
    const kind = bytes[at] as number;
    const value = at + 1;
    if (kind === USER_PROPERTY) {
      const name = textEnd(bytes, value, to);
      at = textEnd(bytes, name, to);
      if (isSame(bytes, value + 2, name, STAMP)) stampAt = name;
      else if (isSame(bytes, value + 2, name, MESSAGE_ID)) id = bytes.toString('utf8', name + 2, at);
      else if (isSame(bytes, value + 2, name, TS)) ts = bytes.toString('utf8', name + 2, at);
    } else if (FIXED.has(kind)) {
      at = value + (FIXED.get(kind) as number);
    } else if (TEXTS.has(kind)) {
      at = textEnd(bytes, value, to);
      if (kind === CONTENT_TYPE) contentType = bytes.toString('utf8', value + 2, at);
    } else if (kind === SUBSCRIPTION) {
      at = value;
      while ((bytes[at++] as number) > 0x7f);
    } else if (kind === TOPIC_ALIAS) {
      // No maximum was announced, so there are none [MQTT-3.1.2-30].
      throw new ProtocolError('sent PUBLISH with a topic alias, and none was allowed', TOPIC_ALIAS_INVALID);
    } else throw malformed();
  }
  if (at !== to) throw malformed();
  if (id !== undefined || ts !== undefined || contentType !== undefined) delivery.properties = { id, ts, contentType };
  return stampAt;
}

/** Where a text ends that begins with its length in two bytes. */
function textEnd(bytes: Buffer, at: number, to: number): number {
  const end = at + 2 <= to ? at + 2 + uint16At(bytes, at) : to + 1;
  if (end > to) throw malformed();
  return end;
}

/** Both bytes are there: each caller has looked. */
const uint16At = (bytes: Buffer, at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
