// What a device may publish: one reading or several, and what each says about itself: its timestamp and its id.
import { isUtf8 } from 'node:buffer';
import { unpack } from './messages-encoding.ts';
import { findUnfit, isDeeper, splitArray } from './messages-json.ts';
import { DEFAULT_LIMITS, MAX_ID_BYTES, MAX_READINGS, type MessageLimits } from './messages-limits.ts';
import { isRejection, type Rejection, reject } from './messages-reasons.ts';
import { EARLIEST_TS, parseTimestamp } from './timestamps.ts';

/** MQTT 5 user properties `id` and `ts`. */
export interface Envelope {
  id?: string | undefined;
  ts?: string | undefined;
}

/** The MQTT 5 properties that say how a message is to be read. */
export interface MessageProperties extends Envelope {
  contentType?: string | undefined;
}

/** One reading of a message: a JSON object. */
export interface Reading {
  /** Its text, to be stored as it is, `id` and `ts` included. */
  payload: Buffer;
  /** Device time in microseconds since 1970. */
  ts: number | undefined;
  /** The device's own id of the reading, 1 to 128 bytes. */
  id: string | undefined;
  /** What its message's properties say about it; undefined when they say nothing. */
  envelope: Envelope | undefined;
  /** It came in an array: its payload is not the message's. */
  isPart: boolean;
}

/** One reading of an array that is refused; the others are not. */
export interface RefusedReading extends Rejection, Omit<Reading, 'ts' | 'id'> {}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Reads one payload in UTF-8: a JSON object, or an array of them; plain or packed, as its content type says. Whatever it
 * accepts, Postgres' jsonb accepts too.
 *
 * The properties of a message with one reading take precedence over the reading's members. Of several readings, each
 * one's own members do: properties stand in for what it lacks, `id` with the reading's index from 0 (`<id>/<index>`).
 * @param receivedAt when it was received, in milliseconds since 1970; bounds the device's timestamp.
 */
export function readMessage(
  payload: Buffer,
  properties: MessageProperties | undefined,
  receivedAt: number,
  limits: MessageLimits = DEFAULT_LIMITS,
): (Reading | RefusedReading)[] | Rejection {
  if (payload.length === 0) return reject('empty', 'the payload has no bytes');
  if (payload.length > limits.maxPayloadBytes) {
    return reject('too-large', `the payload has ${payload.length} bytes; at most ${limits.maxPayloadBytes} are stored`);
  }
  const text = unpack(payload, properties?.contentType, limits.maxPayloadBytes);
  if (isRejection(text)) return text;
  if (!isUtf8(text)) return reject('not-utf8', 'the payload is not UTF-8 text');
  const string = text.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(string);
  } catch {
    return reject('not-json', 'the payload is not JSON');
  }
  if (Array.isArray(value)) return readList(text, value, properties, receivedAt, limits);
  const reading = readReading(text, string, value, properties, receivedAt, limits);
  return isRejection(reading) ? reading : [reading];
}

function readList(
  text: Buffer,
  values: unknown[],
  properties: MessageProperties | undefined,
  receivedAt: number,
  limits: MessageLimits,
): (Reading | RefusedReading)[] | Rejection {
  if (values.length === 0) return reject('empty', 'the array holds no readings');
  if (values.length > MAX_READINGS) {
    return reject('too-many-readings', `the array holds ${values.length} readings; at most ${MAX_READINGS} are stored`);
  }
  return splitArray(text).map((payload, index) => {
    const value = values[index];
    const envelope = properties && envelopeOf(properties, value, index);
    const reading = readReading(payload, payload.toString('utf8'), value, envelope, receivedAt, limits);
    if (!isRejection(reading)) return { ...reading, isPart: true };
    const { reason, detail } = reading;
    return { reason, detail: `reading ${index + 1} of ${values.length}: ${detail}`, payload, envelope, isPart: true };
  });
}

/** What a message's properties say about one of its readings. */
function envelopeOf({ id, ts }: Envelope, value: unknown, index: number): Envelope | undefined {
  const own = (typeof value === 'object' && value !== null ? value : {}) as { id?: unknown; ts?: unknown };
  const lacksId = id !== undefined && (!Object.hasOwn(own, 'id') || own.id === null);
  const lacksTs = ts !== undefined && (!Object.hasOwn(own, 'ts') || own.ts === null);
  if (!lacksId && !lacksTs) return undefined;
  return { ...(lacksId && { id: `${id}/${index}` }), ...(lacksTs && { ts }) };
}

function readReading(
  payload: Buffer,
  text: string,
  value: unknown,
  envelope: Envelope | undefined,
  receivedAt: number,
  { maxDepth, maxAheadSeconds, maxAgeSeconds }: MessageLimits,
): Reading | Rejection {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('not-an-object', `expected a JSON object, got ${nameOf(value)}`);
  }
  // A nesting of n levels needs at least 2n characters.
  if (text.length > 2 * maxDepth && isDeeper(value, maxDepth)) {
    return reject('too-deep', `objects and arrays are nested more than ${maxDepth} levels deep`);
  }
  const unfit = findUnfit(text);
  if (unfit) return unfit;
  const givenId = envelope?.id ?? (Object.hasOwn(value, 'id') ? (value as { id?: unknown }).id : undefined);
  const givenTs = envelope?.ts ?? (Object.hasOwn(value, 'ts') ? (value as { ts?: unknown }).ts : undefined);
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
    if (ts > (receivedAt + maxAheadSeconds * 1000) * 1000) {
      return reject('timestamp-out-of-range', `ts is more than ${maxAheadSeconds} seconds after its receipt`);
    }
    if (maxAgeSeconds !== undefined && ts < (receivedAt - maxAgeSeconds * 1000) * 1000) {
      return reject('timestamp-out-of-range', `ts is more than ${maxAgeSeconds} seconds before its receipt`);
    }
    if (ts < EARLIEST_TS) return reject('timestamp-out-of-range', 'ts is before the year 2000');
  }
  return { payload, ts, id, envelope, isPart: false };
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== 'string' || value.length === 0 || Buffer.byteLength(value) > MAX_ID_BYTES) return undefined;
  return CONTROL.test(value) ? undefined : value;
}

const nameOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`);
