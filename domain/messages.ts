// What a device may publish: one reading or several, and what each says about itself: its timestamp and its id.
import { isUtf8 } from 'node:buffer';
import { isSenml, unpack } from './messages-encoding.ts';
import { explainNoJson, findUnfit, isDeeper, splitArray } from './messages-json.ts';
import {
  DEFAULT_LIMITS,
  DEFAULT_RULES,
  MAX_ID_BYTES,
  MAX_READINGS,
  type MessageLimits,
  type ReadingRules,
} from './messages-limits.ts';
import { NO_TIME, readPlain } from './messages-plain.ts';
import { isRejection, type Rejection, reject } from './messages-reasons.ts';
import { resolveSenml, type SenmlReading } from './messages-senml.ts';
import { type HowToRead, readEpoch, readTime } from './messages-time.ts';

/** MQTT 5 user properties `message_id` and `ts`. */
export interface Envelope {
  /** The id that the device declared. */
  id?: string | undefined;
  ts?: string | undefined;
}

/** The MQTT 5 properties that say how a message is to be read. */
export interface MessageProperties extends Envelope {
  contentType?: string | undefined;
}

/** One reading of a message: a JSON object. */
export interface Reading {
  /** Its text, to be stored as it is. */
  payload: Buffer;
  /** The same as it was published: without the name of a field that stands in the topic. */
  source: Buffer;
  /** Device time in microseconds since 1970. */
  ts: number | undefined;
  /** Microseconds to add to the time of receipt, when there is no `ts`. */
  offset: number;
  /** The device's own id of the reading, 1 to 128 bytes. */
  id: string | undefined;
  /** What its message's properties say about it; undefined when they say nothing. */
  envelope: Envelope | undefined;
  /** It is one of several: its payload is not the message's. */
  isPart: boolean;
  /** Its place in the message, from 0. */
  index: number;
}

/** One reading of an array that is refused; the others are not. */
export interface RefusedReading extends Rejection, Pick<Reading, 'payload' | 'envelope' | 'isPart' | 'index'> {}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * The time, in microseconds since 1970, of the one reading that is a payload, in `bytes` from `from` to `to`, or NO_TIME when it has none;
 * undefined when {@link readMessage} must read it. Most readings are of this kind, and nothing is made of them. It is for messages without
 * properties on a device's whole channel.
 */
export function readPlainTime(
  bytes: Uint8Array,
  from: number,
  to: number,
  receivedAt: number,
  limits: MessageLimits,
  rules: ReadingRules,
  readAt = receivedAt,
): number | undefined {
  if (to - from > limits.maxPayloadBytes || rules.timeMembers.length > 0) return undefined;
  const given = readPlain(bytes, limits.maxDepth, from, to);
  return given === undefined || given === NO_TIME ? given : readEpoch(given, receivedAt, readAt, limits);
}

/**
 * Reads one payload in UTF-8: a JSON object, or an array of them; plain or packed, as its content type says. Below a field it
 * may be any value. Whatever it accepts, Postgres' jsonb accepts too.
 *
 * The properties of a message with one reading take precedence over the reading's members. Of several readings, each
 * one's own members do: properties stand in for what it lacks, `message_id` with the reading's index from 0 (`<id>/<index>`).
 *
 * @param receivedAt by the clock of its receiver, in milliseconds since 1970. @param readAt by another clock, and perhaps later.
 */
export function readMessage(
  payload: Buffer,
  properties: MessageProperties | undefined,
  receivedAt: number,
  limits: MessageLimits = DEFAULT_LIMITS,
  rules: ReadingRules = DEFAULT_RULES,
  field?: string,
  readAt = receivedAt,
): (Reading | RefusedReading)[] | Rejection {
  if (payload.length === 0) return reject('empty', 'the payload has no bytes');
  if (payload.length > limits.maxPayloadBytes) {
    return reject('too-large', `the payload has ${payload.length} bytes; at most ${limits.maxPayloadBytes} are stored`);
  }
  const how = { receivedAt, readAt, limits, rules, field };
  const text = unpack(payload, properties?.contentType, limits.maxPayloadBytes);
  if (isRejection(text)) return text;
  if (!isUtf8(text)) return reject('not-utf8', 'the payload is not UTF-8 text');
  const string = text.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(string);
  } catch (error) {
    return field === undefined
      ? explainNoJson(string, error as Error)
      : readText(string, field, properties, how, error as Error);
  }
  if (isSenml(properties?.contentType)) return readPack(value, properties, how);
  if (Array.isArray(value) && rules.isSenml) return readPack(value, properties, how);
  if (Array.isArray(value)) return readList(text, value, properties, how);
  const reading = readReading(text, string, value, properties, how, 0);
  return isRejection(reading) ? reading : [reading];
}

/** Text that is not JSON, published to a field: its value, unless it was meant to be JSON. */
function readText(
  text: string,
  field: string,
  envelope: Envelope | undefined,
  how: HowToRead,
  error: Error,
): Reading[] | Rejection {
  const bare = text.trim();
  if (bare === '') return reject('empty', 'the payload has only space');
  if (/^[[{"\ufeff]/.test(bare) || bare.includes('\0')) return explainNoJson(text, error);
  const quoted = JSON.stringify(bare);
  const payload = Buffer.from(quoted);
  const { maxPayloadBytes } = how.limits;
  // Each control character is six as JSON.
  if (payload.length > maxPayloadBytes) {
    return reject('too-large', `the text has ${payload.length} bytes as JSON; at most ${maxPayloadBytes} are stored`);
  }
  const reading = readReading(payload, quoted, bare, envelope, { ...how, field }, 0);
  return isRejection(reading) ? reading : [reading];
}

function readList(
  text: Buffer,
  values: unknown[],
  properties: MessageProperties | undefined,
  how: HowToRead,
): (Reading | RefusedReading)[] | Rejection {
  const unfit = checkNumber(values);
  if (unfit) return unfit;
  return splitArray(text).map((payload, index) => {
    const value = values[index];
    const envelope = properties && envelopeOf(properties, value, index);
    const reading = readReading(payload, payload.toString('utf8'), value, envelope, how, index);
    if (!isRejection(reading)) return { ...reading, isPart: true };
    const { reason, detail } = reading;
    const said = `reading ${index + 1} of ${values.length}: ${detail}`;
    return { reason, detail: said, payload, envelope, isPart: true, index };
  });
}

function checkNumber(values: readonly unknown[]): Rejection | undefined {
  if (values.length === 0) return reject('empty', 'the array holds no readings');
  if (values.length <= MAX_READINGS) return undefined;
  return reject('too-many-readings', `the array holds ${values.length} readings; at most ${MAX_READINGS} are stored`);
}

/** SenML carries times of its own; a pack has no ids. It is refused as a whole: what follows may rest on any record. */
function readPack(value: unknown, properties: MessageProperties | undefined, how: HowToRead): Reading[] | Rejection {
  if (!Array.isArray(value)) return reject('bad-senml', `a SenML pack is an array, got ${nameOf(value)}`);
  const resolved = checkNumber(value) ?? resolveSenml(value, how.limits.maxPayloadBytes);
  if (isRejection(resolved)) return resolved;
  const readings: Reading[] = [];
  for (const [index, one] of resolved.entries()) {
    const reading = readResolved(one, properties?.id, how, index);
    if (isRejection(reading)) return reading;
    readings.push({ ...reading, isPart: resolved.length > 1 });
  }
  return readings;
}

function readResolved({ value, ts, offset }: SenmlReading, id: string | undefined, how: HowToRead, index: number) {
  const text = JSON.stringify(value);
  const envelope = {
    id: id === undefined ? undefined : `${id}/${index}`,
    ts: ts === undefined ? undefined : String(ts / 1000),
  };
  // A relative time has the bounds of any other. As a property, because `ts` may be the name of a value.
  const time = ts ?? how.receivedAt * 1000 + offset;
  const reading = readReading(
    Buffer.from(text),
    text,
    { value },
    { ...envelope, ts: String(time / 1000) },
    { ...how, rules: { ...how.rules, timeMembers: [] } },
    index,
  );
  if (isRejection(reading)) return reading;
  const isRelative = ts === undefined && reading.ts !== undefined;
  return { ...reading, envelope, ...(isRelative && { ts: undefined, offset }) };
}

/** What a message's properties say about one of its readings. */
function envelopeOf({ id, ts }: Envelope, value: unknown, index: number): Envelope | undefined {
  const lacksId = id !== undefined && memberOf(value, 'message_id') === undefined;
  const lacksTs = ts !== undefined && memberOf(value, 'ts') === undefined;
  if (!lacksId && !lacksTs) return undefined;
  return { ...(lacksId && { id: `${id}/${index}` }), ...(lacksTs && { ts }) };
}

/** A member of an object; `null` counts as not given. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name] ?? undefined;
}

function readReading(
  payload: Buffer,
  text: string,
  value: unknown,
  envelope: Envelope | undefined,
  how: HowToRead,
  index: number,
): Reading | Rejection {
  const { field } = how;
  const { maxDepth } = how.limits;
  if (field === undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return reject(
      'not-an-object',
      `expected a JSON object, got ${nameOf(value)}; a single value is published to telemetry/<field>`,
    );
  }
  const levels = field === undefined ? maxDepth : maxDepth - 1;
  // A nesting of n levels needs at least 2n characters.
  if (text.length > 2 * levels && typeof value === 'object' && value !== null && isDeeper(value, levels)) {
    return reject('too-deep', `objects and arrays are nested more than ${maxDepth} levels deep`);
  }
  const unfit = findUnfit(text);
  if (unfit) return unfit;
  const givenId = envelope?.id ?? memberOf(value, 'message_id');
  let id: string | undefined;
  if (givenId !== undefined) {
    id = readId(givenId);
    if (id === undefined) {
      const range = `1 to ${MAX_ID_BYTES} bytes without control characters`;
      return reject('bad-id', `message_id must be text of ${range}, or a whole number up to 2^53`);
    }
  }
  const ts = readTime(envelope?.ts ?? memberOf(value, 'ts'), value, how);
  if (typeof ts === 'object') return ts;
  const stored = field === undefined ? payload : Buffer.from(`{${JSON.stringify(field)}:${text.trim()}}`);
  return readingOf(stored, payload, ts, id, envelope, index);
}

function readingOf(
  payload: Buffer,
  source: Buffer,
  ts: number | undefined,
  id: string | undefined,
  envelope: Envelope | undefined,
  index: number,
): Reading {
  return { payload, source, ts, offset: 0, id, envelope, isPart: false, index };
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== 'string' || value.length === 0 || Buffer.byteLength(value) > MAX_ID_BYTES) return undefined;
  return CONTROL.test(value) ? undefined : value;
}

const nameOf = (value: unknown) =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;
