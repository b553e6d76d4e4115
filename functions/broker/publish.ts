// Reads PUBLISH packets. One without properties, the common case, is read in place; mqtt-packet reads the others.
import { parser as createParser, type IPublishPacket, type Packet } from 'mqtt-packet';
import type { MessageProperties } from '../../domain/messages.ts';
import type { Delivery } from './delivery.ts';

/** First byte of a PUBLISH is 0011 dqqr: dup, QoS, retain (MQTT 5.0, 3.3.1). */
export const PUBLISH = 0x30;

/**
 * Reads the PUBLISH in `bytes` from `start` to `end`, with its variable header at `body`.
 * @throws Error if it is malformed.
 */
export function readPublish(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
  truncated: boolean,
  connection: number,
  receivedAt: number,
): Delivery {
  const flags = bytes[start] as number;
  const qos = (flags >> 1) & 3;
  if (qos > 1 || body + 2 > end) throw malformed();
  const topicEnd = body + 2 + bytes.readUInt16BE(body);
  const propertiesAt = qos === 0 ? topicEnd : topicEnd + 2;
  if (propertiesAt + 1 > end) throw malformed();
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
  if (qos === 1 && packetId === 0) throw malformed();
  const propertiesLength = bytes[propertiesAt] as number;
  // One byte says up to 127; longer lists of properties have a longer length field.
  const payloadAt =
    propertiesLength < 0x80 ? propertiesAt + 1 + propertiesLength : longPropertiesEnd(bytes, propertiesAt, end);
  if (payloadAt > end) throw malformed();
  return {
    topic: bytes.toString('utf8', body + 2, topicEnd),
    payload: bytes.subarray(payloadAt, end),
    truncated,
    packetId,
    dup: (flags & 0x08) !== 0,
    connection,
    receivedAt,
    properties: propertiesLength === 0 || truncated ? undefined : readProperties(bytes.subarray(start, end)),
  };
}

function longPropertiesEnd(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  for (let index = 0; index < 4 && at + index < end; index++) {
    const byte = bytes[at + index] as number;
    length |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return at + index + 1 + length;
  }
  throw malformed();
}

function readProperties(packet: Buffer): MessageProperties {
  const { properties } = parsePacket(packet) as IPublishPacket;
  return {
    id: last(properties?.userProperties?.id),
    ts: last(properties?.userProperties?.ts),
    contentType: properties?.contentType,
  };
}

/** Parses one whole packet with mqtt-packet. @throws Error when it is malformed. */
export function parsePacket(bytes: Buffer): Packet {
  let result: Packet | undefined;
  let failure: Error | undefined;
  const parser = createParser({ protocolVersion: 5 });
  parser.on('packet', (packet: Packet) => {
    result = packet;
  });
  parser.on('error', (error: Error) => {
    failure = error;
  });
  parser.parse(bytes);
  if (failure || !result) throw malformed(failure);
  return result;
}

/** A property given twice counts as the last one, as a member given twice does in JSON. */
const last = (value: string | string[] | undefined) => (Array.isArray(value) ? value.at(-1) : value);

const malformed = (cause?: Error) => new Error('the broker sent a malformed packet', { cause });
