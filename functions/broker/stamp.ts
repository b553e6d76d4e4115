// The stamp that the broker's gate appends to a device's message: when it came, which one it was, and what the gate changed.
import { MAX_COUNTER } from '../../domain/message-identity.ts';
import { createSipHash } from './siphash.ts';

/** The user property that carries it: `<ms>.<boot>.<counter>.<note>.<mac>`. */
export const STAMP_PROPERTY = 'gate';

/** A stamp whose MAC is right. */
export interface Stamp {
  /** When the broker received the message, in milliseconds since 1970. */
  receivedAt: number;
  /** Which start of the broker: 8 hexadecimal digits. */
  boot: string;
  /** Which message since then, from 1. */
  counter: number;
  /** Empty; `z<bytes>`: the payload had that size and was taken out; `c<rest>`: published to that topic below its device's. */
  note: string;
  /** Of a redriven dead letter: the content and the place in its message that its reading had. */
  first?: { content: string; index: number };
}

/** Reads the stamp `value` of a message to `topic`, both in `bytes`; undefined when it is forged or malformed. */
export type ReadStamp = (
  bytes: Buffer,
  topicAt: number,
  topicEnd: number,
  valueAt: number,
  valueEnd: number,
) => Stamp | undefined;

/** 64 bits in hexadecimal, and the point before them. */
const MAC_CHARACTERS = 17;
const POINT = 0x2e;
const FIELDS = /^(\d{1,15})\.([0-9a-f]{8})\.(\d{1,13})\.([A-Za-z0-9_/-]{0,80})$/;

/** @param key 16 bytes, which the gate has, too. */
export function createStampReader(key: Buffer): ReadStamp {
  const authenticate = createSipHash(key);
  let scratch = Buffer.allocUnsafe(1024);
  return (bytes, topicAt, topicEnd, valueAt, valueEnd) => {
    const signedEnd = valueEnd - MAC_CHARACTERS;
    if (signedEnd <= valueAt || bytes[signedEnd] !== POINT) return undefined;
    const topicLength = topicEnd - topicAt;
    const length = topicLength + 1 + (signedEnd - valueAt);
    if (scratch.length < length) scratch = Buffer.allocUnsafe(length);
    scratch.set(bytes.subarray(topicAt, topicEnd), 0);
    scratch[topicLength] = 0;
    scratch.set(bytes.subarray(valueAt, signedEnd), topicLength + 1);
    if (!isHexOf(authenticate(scratch, 0, length), bytes, signedEnd + 1)) return undefined;
    return fieldsOf(bytes.toString('latin1', valueAt, signedEnd));
  };
}

/** The fields of what the MAC covers; undefined when they are not a stamp's. */
export function fieldsOf(signed: string): Stamp | undefined {
  const [, ms, boot, counter, note] = FIELDS.exec(signed) ?? [];
  if (ms === undefined || boot === undefined || counter === undefined || note === undefined) return undefined;
  const stamp = { receivedAt: Number(ms), boot, counter: Number(counter), note };
  return stamp.counter <= MAX_COUNTER ? stamp : undefined;
}

/** Whether the hexadecimal digits at `at` are those of `mac`; takes the same time wherever they differ. */
function isHexOf(mac: Uint8Array, bytes: Buffer, at: number): boolean {
  let different = 0;
  for (let byte = 0; byte < 8; byte++) {
    const value = mac[byte] as number;
    different |=
      (digit(value >> 4) ^ (bytes[at + 2 * byte] as number)) |
      (digit(value & 15) ^ (bytes[at + 2 * byte + 1] as number));
  }
  return different === 0;
}

/** The code of a lower-case hexadecimal digit. */
const digit = (value: number) => (value < 10 ? 0x30 : 0x57) + value;
