// Reads the packets that a broker sends beside PUBLISH, as strictly as the standard asks. mqtt-packet, which writes ours, lets a repeated
// property, reserved bits and malformed text pass.
import { isUtf8 } from 'node:buffer';
import { malformed, ProtocolError } from './reason-codes.ts';

/** A packet from the broker. Reason codes are not judged here. */
export type ControlPacket =
  | { kind: 'connack'; sessionPresent: boolean; reasonCode: number; properties: Properties }
  | { kind: 'puback'; packetId: number; reasonCode: number; properties: Properties }
  | { kind: 'suback' | 'unsuback'; packetId: number; reasonCodes: number[]; properties: Properties }
  | { kind: 'pingresp' }
  | { kind: 'disconnect'; reasonCode: number; properties: Properties };

/** Values by identifier, without user properties. */
export type Properties = ReadonlyMap<number, number | string>;

export const SESSION_EXPIRY = 0x11;
export const ASSIGNED_CLIENT_ID = 0x12;
export const SERVER_KEEP_ALIVE = 0x13;
export const SERVER_REFERENCE = 0x1c;
export const REASON_STRING = 0x1f;
export const RECEIVE_MAXIMUM = 0x21;
export const MAXIMUM_QOS = 0x24;
export const MAXIMUM_PACKET_SIZE = 0x27;
export const WILDCARDS_AVAILABLE = 0x28;
const TOPIC_ALIAS_MAXIMUM = 0x22;
const AUTHENTICATION_METHOD = 0x15;
const AUTHENTICATION_DATA = 0x16;
const USER_PROPERTY = 0x26;

type Form = 'flag' | 'two' | 'four' | 'text' | 'bytes' | 'pair';
const EVERYWHERE: readonly (readonly [number, Form])[] = [
  [REASON_STRING, 'text'],
  [USER_PROPERTY, 'pair'],
];
/** The properties of each packet, and how they are written (MQTT 5.0, 2.2.2.2). */
const FORMS = {
  connack: new Map<number, Form>([
    ...EVERYWHERE,
    [SESSION_EXPIRY, 'four'],
    [ASSIGNED_CLIENT_ID, 'text'],
    [SERVER_KEEP_ALIVE, 'two'],
    [AUTHENTICATION_METHOD, 'text'],
    [AUTHENTICATION_DATA, 'bytes'],
    [/* response information */ 0x1a, 'text'],
    [SERVER_REFERENCE, 'text'],
    [RECEIVE_MAXIMUM, 'two'],
    [TOPIC_ALIAS_MAXIMUM, 'two'],
    [MAXIMUM_QOS, 'flag'],
    [/* retain available */ 0x25, 'flag'],
    [MAXIMUM_PACKET_SIZE, 'four'],
    [WILDCARDS_AVAILABLE, 'flag'],
    [/* subscription identifiers available */ 0x29, 'flag'],
    [/* shared subscriptions available */ 0x2a, 'flag'],
  ]),
  answer: new Map<number, Form>(EVERYWHERE),
  disconnect: new Map<number, Form>([...EVERYWHERE, [SERVER_REFERENCE, 'text']]),
} as const;
/** 0 would mean that nothing may ever be sent. */
const NEVER_ZERO = new Set([RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE]);
/** Answers to an authentication method that was not named (MQTT-4.12.0-6). */
const NOT_ASKED_FOR = new Set([AUTHENTICATION_METHOD, AUTHENTICATION_DATA]);

const NAMES = [
  'a packet of the reserved type 0',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;

/** The name of the packet that begins with this byte, such as `SUBACK`. */
export const nameOf = (firstByte: number) => NAMES[firstByte >> 4] as (typeof NAMES)[number];

/**
 * Reads the packet in `bytes` from `start` to `end`, with its variable header at `body`.
 * @throws ProtocolError when it is malformed, or none that a client ever gets.
 */
export function readControlPacket(bytes: Buffer, start: number, body: number, end: number): ControlPacket {
  const first = bytes[start] as number;
  const name = nameOf(first);
  if (!['CONNACK', 'PUBACK', 'SUBACK', 'UNSUBACK', 'PINGRESP', 'DISCONNECT'].includes(name)) {
    throw new ProtocolError(`sent ${name}, which no client like this one gets`);
  }
  if ((first & 0x0f) !== 0) throw malformed(`sent ${name} with reserved bits set`);
  const reader = createReader(bytes, body, end, name);
  switch (name) {
    case 'CONNACK': {
      const flags = reader.byte();
      if (flags > 1) throw malformed('sent CONNACK with reserved flags set');
      const packet = {
        kind: 'connack',
        sessionPresent: flags === 1,
        reasonCode: reader.byte(),
        properties: reader.properties(FORMS.connack),
      } as const;
      reader.end();
      return packet;
    }
    case 'PUBACK': {
      const packetId = reader.packetId();
      const reasonCode = reader.left() > 0 ? reader.byte() : 0;
      const properties = reader.left() > 0 ? reader.properties(FORMS.answer) : NO_PROPERTIES;
      reader.end();
      return { kind: 'puback', packetId, reasonCode, properties };
    }
    case 'SUBACK':
    case 'UNSUBACK': {
      const packetId = reader.packetId();
      const properties = reader.properties(FORMS.answer);
      const kind = name === 'SUBACK' ? 'suback' : 'unsuback';
      return { kind, packetId, reasonCodes: reader.rest(), properties };
    }
    case 'DISCONNECT': {
      const reasonCode = reader.left() > 0 ? reader.byte() : 0;
      const properties = reader.left() > 0 ? reader.properties(FORMS.disconnect) : NO_PROPERTIES;
      reader.end();
      return { kind: 'disconnect', reasonCode, properties };
    }
    default:
      reader.end();
      return { kind: 'pingresp' };
  }
}

const NO_PROPERTIES: Properties = new Map();

/** Steps through a packet's bytes; each step fails when they end before it does. */
function createReader(bytes: Buffer, from: number, end: number, name: string) {
  let at = from;
  const broken = () => malformed(`sent ${name} that is malformed`);
  const take = (length: number) => {
    if (at + length > end) throw broken();
    at += length;
    return at - length;
  };
  const byte = () => bytes[take(1)] as number;
  const two = () => bytes.readUInt16BE(take(2));
  const text = () => {
    const length = two();
    const found = bytes.subarray(take(length), at);
    // MQTT-1.5.4-1 and -2: well-formed, and no character U+0000.
    if (!isUtf8(found) || found.includes(0)) throw malformed(`sent ${name} with text that is not UTF-8`);
    return found.toString('utf8');
  };
  const READ: Record<Form, () => number | string> = {
    flag: byte,
    two,
    four: () => bytes.readUInt32BE(take(4)),
    text,
    bytes: () => take(two()),
    pair: () => text() + text(),
  };
  const length = () => {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const next = byte();
      value |= (next & 0x7f) << shift;
      if (next > 0x7f) continue;
      // MQTT-1.5.5-1: in as few bytes as possible.
      if (next === 0 && shift > 0) break;
      return value;
    }
    throw broken();
  };
  return {
    byte,
    left: () => end - at,
    packetId: () => {
      const id = two();
      if (id === 0) throw new ProtocolError(`sent ${name} for the packet identifier 0`);
      return id;
    },
    properties: (forms: ReadonlyMap<number, Form>): Properties => {
      const size = length();
      const until = at + size;
      if (until > end) throw broken();
      const found = new Map<number, number | string>();
      while (at < until) {
        const id = byte();
        const form = forms.get(id);
        if (form === undefined) throw malformed(`sent ${name} with a property that it cannot have (${id})`);
        const value = READ[form]();
        if (form === 'pair') continue;
        if (found.has(id)) throw new ProtocolError(`sent ${name} with a property twice (${id})`);
        if ((form === 'flag' && Number(value) > 1) || (NEVER_ZERO.has(id) && value === 0) || NOT_ASKED_FOR.has(id)) {
          throw new ProtocolError(`sent ${name} with a property that has no such value (${id})`);
        }
        found.set(id, value);
      }
      if (at !== until) throw broken();
      return found;
    },
    rest: () => [...bytes.subarray(take(end - at), end)],
    end: () => {
      if (at !== end) throw broken();
    },
  };
}
