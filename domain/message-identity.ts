// What makes a message the same as another: docs/decisions/0023-identity-from-the-stamp.md.
import { hash } from 'node:crypto';
import { MAX_READINGS } from './messages-limits.ts';

/** Equal dead letters within one step of this many milliseconds are kept once. */
const BUCKET_MS = 600_000;

/** Characters of base64url that hold 128 bits and 4 more: collisions are out of reach for one device's messages. */
const HASH_CHARACTERS = 22;
/** Characters beside a stamp, which is compared with the device's previous message only: 66 bits. */
const SHORT_HASH_CHARACTERS = 11;
/** Hexadecimal digits of a stamp's number: 2^52, exact in a JavaScript number. */
const NUMBER_DIGITS = 13;
/** Readings that a stamp numbers: more than a message may hold. */
const NUMBERS_A_MESSAGE = 1024;
/** Largest counter whose numbers have {@link NUMBER_DIGITS}. */
export const MAX_COUNTER = 2 ** (4 * NUMBER_DIGITS) / NUMBERS_A_MESSAGE - 1;

if (MAX_READINGS > NUMBERS_A_MESSAGE) throw new Error('a stamp numbers fewer readings than a message may hold');

// One scratch buffer: hashing is synchronous, and 40,000 messages a second are hashed.
let scratch = Buffer.allocUnsafe(64 * 1024);
const LONGEST_VIEW = 4096;
/** Its beginnings, by their length: making one for each message would cost a third of the hash. */
let views = new Array<Buffer | undefined>(LONGEST_VIEW + 1);
// What the buffer begins with: messages of one device often follow each other.
let written = '';
let writtenEnd = 0;

/**
 * 22 characters of base64url: SHA-256 over topic and payload, cut to 132 bits. A topic has no NUL, so a 0 byte separates them.
 * @param bytes hold the payload from `from` to `to`. Default: they are it.
 */
export function contentHash(topic: string, bytes: Buffer, from = 0, to = bytes.length): string {
  const needed = topic.length * 3 + 1 + to - from;
  if (scratch.length < needed) {
    scratch = Buffer.allocUnsafe(needed);
    views = new Array(LONGEST_VIEW + 1);
    writtenEnd = 0;
  }
  if (topic !== written || writtenEnd === 0) {
    const end = scratch.write(topic, 0, 'utf8');
    scratch[end] = 0;
    written = topic;
    writtenEnd = end + 1;
  }
  bytes.copy(scratch, writtenEnd, from, to);
  return hash('sha256', beginning(writtenEnd + to - from), 'base64url').slice(0, HASH_CHARACTERS);
}

function beginning(length: number): Buffer {
  if (length > LONGEST_VIEW) return scratch.subarray(0, length);
  views[length] ??= scratch.subarray(0, length);
  return views[length] as Buffer;
}

/** Content and the step of time it was received in. */
export function bucketedId(content: string, receivedAt: number): string {
  return `${content}.${Math.floor(receivedAt / BUCKET_MS)}`;
}

/** Message id of a reading: its content, with the id that its device declared, if any. */
export function contentId(content: string, declared: string | undefined): string {
  return declared === undefined ? content : `${content}:${declared}`;
}

/** Characters of a {@link contentId}. */
export const contentIdLength = (declared: string | undefined) =>
  HASH_CHARACTERS + (declared === undefined ? 0 : 1 + declared.length);

/** The part of a stamp that becomes a message id. */
export interface StampedMessage {
  /** Which start of the broker: 8 hexadecimal digits. */
  boot: string;
  /** Which message since then, 1 to {@link MAX_COUNTER}. */
  counter: number;
}

/**
 * Message id of a reading with a stamp and no timestamp. The ids of one start sort as their messages came, in any collation.
 * @param content of the whole message: see {@link contentHash}. @param index of the reading in its message, from 0.
 */
export function stampedId({ boot, counter }: StampedMessage, content: string, index: number): string {
  const number = (counter * NUMBERS_A_MESSAGE + index).toString(16).padStart(NUMBER_DIGITS, '0');
  return `${boot}.${number}.${content.slice(0, SHORT_HASH_CHARACTERS)}`;
}

const STAMPED = /^([0-9a-f]{8})\.([0-9a-f]{13})\.([A-Za-z0-9_-]{11})$/;

/** Reads a {@link stampedId} back; undefined for any other message id. */
export function parseStampedId(id: string): (StampedMessage & { content: string; index: number }) | undefined {
  const [, boot, digits, content] = STAMPED.exec(id) ?? [];
  if (boot === undefined || digits === undefined || content === undefined) return undefined;
  const number = Number.parseInt(digits, 16);
  return { boot, counter: Math.floor(number / NUMBERS_A_MESSAGE), index: number % NUMBERS_A_MESSAGE, content };
}

/**
 * Message id of a reading with neither timestamp nor stamp: no other delivery has it, whatever it holds.
 * @param receivedAt in milliseconds since 1970. @param delivery tells deliveries of one millisecond apart.
 */
export function deliveredId(content: string, receivedAt: number, delivery: number, index: number): string {
  return `${content}.${receivedAt.toString(36)}.${delivery.toString(36)}.${index.toString(36)}`;
}
