// Writes the packets that the client sends.
import { generate } from 'mqtt-packet';
import { REFUSALS_FILTER } from '../../domain/refusals.ts';
import { DONE_TOPIC } from '../../domain/topics.ts';

/** Messages of a connection, of any QoS, that need not wait on the broker any more. */
export interface Done {
  messages: number;
  /** Of their payloads. */
  bytes: number;
}

export const KEEP_ALIVE_S = 30;
/** The session never expires on our side: the promise for an acknowledged message has no time limit. */
export const NEVER_EXPIRES = 0xffff_ffff;
export const PINGREQ = Buffer.from([0xc0, 0]);
/** Filters in one packet: with first words of 64 characters, 40 take 2.8 kB; a broker's smallest packet limit is 5 kB. */
const MOST_FILTERS = 40;
const V5 = { protocolVersion: 5 };

/** Who connects. */
export interface Account {
  username: string;
  password: string;
  clientId: string;
  /** How many messages the broker may send before one is acknowledged, 1 to 65535. */
  receiveMaximum: number;
  /** True: the session that the broker has ends now, and this one with its connection. Default: it stays. */
  endsSession?: boolean | undefined;
}

/** Asks for a session that stays, if it is not to end. */
export function encodeConnect({ username, password, clientId, receiveMaximum, endsSession = false }: Account): Buffer {
  return generate(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clean: endsSession,
      clientId,
      keepalive: KEEP_ALIVE_S,
      username,
      password: Buffer.from(password),
      // No Maximum Packet Size: the broker would drop what is larger, unseen [MQTT-3.1.2-28]. Cut off, it becomes a dead letter.
      properties: { sessionExpiryInterval: endsSession ? 0 : NEVER_EXPIRES, receiveMaximum },
    },
    V5,
  );
}

/** Parts whose packets the broker takes. A filter takes three bytes besides its own. */
export function inParts(filters: readonly string[], packetBytes: number): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const filter of filters) {
    const bytes = Buffer.byteLength(filter) + 3;
    const last = parts.at(-1);
    if (last && last.length < MOST_FILTERS && bytes <= room) last.push(filter);
    else {
      parts.push([filter]);
      room = packetBytes - HEADER_BYTES;
    }
    room -= bytes;
  }
  return parts;
}

/** The QoS at which a filter is asked for. Counters are told again: one that is lost is of no account. */
export const qosOf = (filter: string): 0 | 1 => (filter === REFUSALS_FILTER ? 0 : 1);

/** Of a SUBSCRIBE: type, length, packet identifier, no properties. */
const HEADER_BYTES = 8;

/**
 * Subscribes again on every connection: the broker may have lost the session. `rh: 2`: retained messages are never sent on
 * subscribing, or each run would receive every device's last one again. Counters are retained for that: each run begins with them.
 */
export function encodeSubscribe(filters: readonly string[], messageId: number): Buffer {
  const subscriptions = filters.map((topic) => ({
    topic,
    qos: qosOf(topic),
    nl: false,
    rap: false,
    rh: topic === REFUSALS_FILTER ? 0 : 2,
  }));
  return generate({ cmd: 'subscribe', messageId, subscriptions }, V5);
}

export function encodeUnsubscribe(filters: readonly string[], messageId: number): Buffer {
  return generate({ cmd: 'unsubscribe', messageId, unsubscriptions: [...filters] }, V5);
}

/** What a message that is published says beside its payload. */
export interface PublishOptions {
  /** The broker keeps it for later subscribers. Default: false. */
  retain?: boolean;
  /** Seconds after which the broker delivers it no more. Default: never. */
  expirySeconds?: number;
  contentType?: string;
  /** User properties. */
  userProperties?: Record<string, string>;
}

export function encodePublish(topic: string, payload: string, messageId: number, options: PublishOptions = {}): Buffer {
  const { retain = false, expirySeconds, contentType, userProperties } = options;
  const properties = {
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(contentType !== undefined && { contentType }),
    ...(userProperties !== undefined && { userProperties }),
  };
  return generate({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain, properties }, V5);
}

export const encodeDisconnect = (reasonCode: number) => generate({ cmd: 'disconnect', reasonCode }, V5);

/** In all since the connection began. After the acknowledgements: what it counts has left the queue when it is read. */
export function encodeDone({ messages, bytes }: Done): Buffer {
  const payload = `${messages} ${bytes}`;
  return generate({ cmd: 'publish', topic: DONE_TOPIC, payload, qos: 0, dup: false, retain: false }, V5);
}

/** PUBACKs of two bytes' length mean success (MQTT 5.0, 3.4.2.1). */
export function encodeAcknowledgements(packetIds: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(packetIds.length * 4);
  let at = 0;
  for (const id of packetIds) {
    out[at] = 0x40;
    out[at + 1] = 2;
    at = out.writeUInt16BE(id, at + 2);
  }
  return out;
}
