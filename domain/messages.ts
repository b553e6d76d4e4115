// What a device may publish as a reading, and what it says about itself: its timestamp and its id.
import { isUtf8 } from 'node:buffer';
import { EARLIEST_TS, MAX_AHEAD, parseTimestamp } from './timestamps.ts';

/** Largest payload that is stored, in bytes. The broker refuses larger ones before they get here. */
export const MAX_PAYLOAD_BYTES = 128 * 1024;

/** Deepest nesting of objects and arrays. Postgres' JSON parser is recursive and stops by its stack's size. */
export const MAX_DEPTH = 32;

/** Longest id of a message, in bytes of UTF-8; it becomes part of an index key. */
export const MAX_ID_BYTES = 128;

/** Why a message was not stored: a closed list, shown to tenants and counted by operators. */
export const REJECTION_REASONS = [
  'empty',
  'too-large',
  'not-utf8',
  'not-json',
  'not-an-object',
  'too-deep',
  'nul-character',
  'lone-surrogate',
  'number-out-of-range',
  'bad-id',
  'bad-timestamp',
  'timestamp-out-of-range',
  'bad-topic',
  'unknown-tenant',
  'unknown-device',
  'database-rejected',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** A message that is not stored, with a sentence that helps its sender; it never quotes the payload. */
export interface Rejection {
  reason: RejectionReason;
  detail: string;
}

/** What a valid message says about itself. The payload is stored as sent, `id` and `ts` included. */
export interface Reading {
  /** Device time in microseconds since 1970. */
  ts: number | undefined;
  /** The device's own id of the message, 1 to 128 bytes. */
  id: string | undefined;
}

/** MQTT 5 user properties `id` and `ts`. Each takes precedence over the member of that name in the payload. */
export interface Envelope {
  id?: string | undefined;
  ts?: string | undefined;
}

// An escape that jsonb may refuse, or an exponent of three digits or more: rare in telemetry, so only these payloads
// are walked value by value.
const SUSPICIOUS = /\\u|[eE][+-]?\d{3}/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Reads one payload: a JSON object in UTF-8. Whatever it accepts, Postgres' jsonb accepts too, up to fractions of more
 * than 16,383 digits, which the database rejects.
 * @param receivedAt when it was received, in milliseconds since 1970; bounds the device's timestamp.
 */
export function readMessage(payload: Buffer, envelope: Envelope | undefined, receivedAt: number): Reading | Rejection {
  if (payload.length === 0) return reject('empty', 'the payload has no bytes');
  if (payload.length > MAX_PAYLOAD_BYTES) {
    return reject('too-large', `the payload has ${payload.length} bytes; at most ${MAX_PAYLOAD_BYTES} are stored`);
  }
  if (!isUtf8(payload)) return reject('not-utf8', 'the payload is not UTF-8 text');
  const text = payload.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return reject('not-json', 'the payload is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('not-an-object', `the payload is ${nameOf(value)}; a reading is one JSON object`);
  }
  // A nesting of n levels needs at least 2n characters.
  if (text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) {
    return reject('too-deep', `objects and arrays are nested more than ${MAX_DEPTH} levels deep`);
  }
  const unfit = SUSPICIOUS.test(text) ? findUnfit(text) : undefined;
  if (unfit) return unfit;
  return identify(value as { id?: unknown; ts?: unknown }, envelope, receivedAt);
}

/** True when a message was refused. */
export function isRejection(result: Reading | Rejection): result is Rejection {
  return 'reason' in result;
}

function identify(value: { id?: unknown; ts?: unknown }, envelope: Envelope | undefined, receivedAt: number) {
  const givenId = envelope?.id ?? (Object.hasOwn(value, 'id') ? value.id : undefined);
  const givenTs = envelope?.ts ?? (Object.hasOwn(value, 'ts') ? value.ts : undefined);
  let id: string | undefined;
  if (givenId !== undefined && givenId !== null) {
    id = readId(givenId);
    if (id === undefined) {
      const range = `1 to ${MAX_ID_BYTES} bytes without control characters`;
      return reject('bad-id', `id must be text of ${range}, or a whole number up to 2^53`);
    }
  }
  let ts: number | undefined;
  if (givenTs !== undefined && givenTs !== null) {
    ts = parseTimestamp(givenTs);
    if (ts === undefined) {
      return reject('bad-timestamp', 'ts must be RFC 3339 text with an offset, or epoch seconds or milliseconds');
    }
    if (ts < EARLIEST_TS || ts > receivedAt * 1000 + MAX_AHEAD) {
      return reject('timestamp-out-of-range', 'ts must lie between the year 2000 and one day after its receipt');
    }
  }
  return { ts, id };
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== 'string' || value.length === 0 || Buffer.byteLength(value) > MAX_ID_BYTES) return undefined;
  return CONTROL.test(value) ? undefined : value;
}

function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object' && member !== null && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

/**
 * What JSON allows and jsonb does not, or only as a trap: U+0000 and unpaired surrogates (Postgres refuses both), and
 * numbers no double can hold: jsonb would expand `1e131071` to 131,072 digits for every reader.
 */
function findUnfit(text: string): Rejection | undefined {
  let found: Rejection | undefined;
  const check = (value: string) => {
    if (value.includes('\0')) found ??= reject('nul-character', 'a string holds \\u0000, which cannot be stored');
    if (!value.isWellFormed()) found ??= reject('lone-surrogate', 'a string holds half of a surrogate pair');
  };
  JSON.parse(text, function visit(this: unknown, key: string, value: unknown, context?: { source?: string }) {
    check(key);
    if (typeof value === 'string') check(value);
    if (typeof value === 'number' && !isHeld(value, context?.source ?? '')) {
      found ??= reject('number-out-of-range', 'a number is beyond what a double can hold (about 1e-308 to 1e308)');
    }
    return value;
  } as (this: unknown, key: string, value: unknown) => unknown);
  return found;
}

/** False for overflow, and for a non-zero number so small that it would come out as zero. */
function isHeld(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  const exponent = /[eE]([+-]?\d+)$/.exec(source);
  return exponent === null || Math.abs(Number(exponent[1])) <= 308;
}

const reject = (reason: RejectionReason, detail: string): Rejection => ({ reason, detail });

const nameOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`);
