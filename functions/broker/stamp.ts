// The stamp that the broker's gate appends to a device's message: when it came, which one it was, and what the gate changed.
import { MAX_COUNTER } from '../../domain/message-identity.ts';
import type { Stamp } from '../source/stamp.ts';
import { createSipHash, type SipHash } from './siphash.ts';

/** The user property that carries it: `<ms>.<boot>.<counter>.<note>.<mac>`. */
export const STAMP_PROPERTY = 'gate';

/** Reads the stamp of a message to `topic` that is in `bytes` from `at` to `end`; undefined when it is forged or malformed. */
export type ReadStamp = (topic: string, bytes: Buffer, at: number, end: number) => Stamp | undefined;

/** 64 bits in hexadecimal, and the point before them. */
const MAC_CHARACTERS = 17;
const BOOT_CHARACTERS = 8;
const POINT = 0x2e;

/** The same devices publish again and again. */
const MOST_TOPICS = 1_000;

/** @param key 16 bytes, which the gate has, too. */
export function createStampReader(key: Buffer): ReadStamp {
  /** By topic: the MAC covers the topic, a NUL and the stamp's fields. */
  const hashes = new Map<string, SipHash>();
  return (topic, bytes, at, end) => {
    const signedEnd = end - MAC_CHARACTERS;
    if (signedEnd <= at || bytes[signedEnd] !== POINT) return undefined;
    let authenticate = hashes.get(topic);
    if (authenticate === undefined) {
      authenticate = createSipHash(key, Buffer.from(`${topic}\0`));
      if (hashes.size >= MOST_TOPICS) hashes.clear();
      hashes.set(topic, authenticate);
    }
    return isHexOf(authenticate(bytes, at, signedEnd), bytes, signedEnd + 1)
      ? readFields(bytes, at, signedEnd)
      : undefined;
  };
}

/** The fields of what a right MAC covers: the gate wrote it, so only a counter beyond all bounds is looked for. */
function readFields(bytes: Buffer, from: number, to: number): Stamp | undefined {
  const bootAt = pointAfter(bytes, from) + 1;
  const counterAt = bootAt + BOOT_CHARACTERS + 1;
  const noteAt = pointAfter(bytes, counterAt) + 1;
  const stamp = {
    receivedAt: numberAt(bytes, from, bootAt - 1),
    boot: bootOf(bytes, bootAt),
    counter: numberAt(bytes, counterAt, noteAt - 1),
    note: noteAt === to ? '' : bytes.toString('latin1', noteAt, to),
  };
  return stamp.counter <= MAX_COUNTER ? stamp : undefined;
}

// Every message is read here: calls of Node's native code for a few bytes each would cost more than the MAC.

function pointAfter(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] !== POINT) at++;
  return at;
}

/** A number of decimal digits. */
function numberAt(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] as number) - 0x30;
  return value;
}

/** Nearly all messages have the boot of the previous one. */
let boot = '';
function bootOf(bytes: Buffer, at: number): string {
  for (let n = 0; n < BOOT_CHARACTERS; n++) {
    if (bytes[at + n] !== boot.charCodeAt(n)) {
      boot = bytes.toString('latin1', at, at + BOOT_CHARACTERS);
      break;
    }
  }
  return boot;
}

/** Whether the hexadecimal digits at `at` are those of `mac`; takes the same time wherever they differ. */
function isHexOf(mac: Uint8Array, bytes: Buffer, at: number): boolean {
  let different = 0;
  for (let byte = 0; byte < 8; byte++) {
    const value = mac[byte] as number;
    different |= digit(value >> 4) ^ (bytes[at + 2 * byte] as number);
    different |= digit(value & 15) ^ (bytes[at + 2 * byte + 1] as number);
  }
  return different === 0;
}

/** The code of a lower-case hexadecimal digit. */
const digit = (value: number) => (value < 10 ? 0x30 : 0x57) + value;
