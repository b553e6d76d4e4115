// The time that a reading says it is of, by its `ts` or by another member that its tenant names.
import type { MessageLimits, ReadingRules } from './messages-limits.ts';
import { type Rejection, reject } from './messages-reasons.ts';
import { EARLIEST_TS, parseTimestamp } from './timestamps.ts';

/** How one device's message is read. */
export interface HowToRead {
  /**
   * When it was received and when it is read, in milliseconds since 1970, each by another clock. They bound the device's timestamp: it
   * is too far ahead when it is for both, and too old when it is for both.
   */
  receivedAt: number;
  readAt: number;
  limits: MessageLimits;
  rules: ReadingRules;
  /** The name below the telemetry topic that it was published to: it holds a value of that name. */
  field: string | undefined;
}

/** Numbers from here on are microseconds, and from {@link NANOSECONDS_FROM} on nanoseconds: as milliseconds, the year 5138. */
const MICROSECONDS_FROM = 1e14;
const NANOSECONDS_FROM = 1e17;
/** What clocks that were never set say. */
const UNSET_CLOCK = /^(19\d\d|0000)-/;

/**
 * In microseconds since 1970; undefined when it gives no time, or its clock was not set.
 * @param given `ts`, when the reading has it.
 */
export function readTime(given: unknown, reading: unknown, how: HowToRead): number | undefined | Rejection {
  const { rules } = how;
  let [name, value] = ['ts', given];
  if (value === undefined) {
    for (name of rules.timeMembers) {
      value = memberAt(reading, name);
      if (value !== undefined) break;
    }
    if (value === undefined) return undefined;
  }
  const checked = checkTime(name, value, how);
  if (typeof checked === 'number' || !rules.repairsClock) return checked;
  const isUnset = checked.reason === 'timestamp-out-of-range' || UNSET_CLOCK.test(String(value));
  return isUnset ? undefined : checked;
}

/** A member by its name, or inside another one: `params.ts`. `null` counts as not given. */
function memberAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path] ?? undefined;
  const point = path.indexOf('.');
  if (point < 0 || !Object.hasOwn(value, path.slice(0, point))) return undefined;
  return memberAt((value as Record<string, unknown>)[path.slice(0, point)], path.slice(point + 1));
}

function checkTime(name: string, value: unknown, { receivedAt, readAt, limits }: HowToRead): number | Rejection {
  const ts = parseTimestamp(value);
  if (ts === undefined) {
    return reject(
      'bad-timestamp',
      `${name} must be RFC 3339 text with an offset, or epoch seconds or milliseconds${lackOf(value)}`,
    );
  }
  switch (boundOf(ts, receivedAt, readAt, limits)) {
    case 'ahead':
      return outOfRange(
        `${name} is more than ${limits.maxAheadSeconds} seconds after its receipt${unitOf(Number(value))}`,
      );
    case 'age':
      return outOfRange(`${name} is more than ${limits.maxAgeSeconds} seconds before its receipt`);
    case 'unset':
      return outOfRange(`${name} is before the year 2000: the device's clock may not have been set`);
    default:
      return ts;
  }
}

/** The bound that a time in microseconds since 1970 exceeds, if any. */
function boundOf(ts: number, receivedAt: number, readAt: number, { maxAheadSeconds, maxAgeSeconds }: MessageLimits) {
  if (ts > (Math.max(receivedAt, readAt) + maxAheadSeconds * 1000) * 1000) return 'ahead';
  if (maxAgeSeconds !== undefined && ts < (Math.min(receivedAt, readAt) - maxAgeSeconds * 1000) * 1000) return 'age';
  return ts < EARLIEST_TS ? 'unset' : undefined;
}

/** {@link readTime} of a number; undefined when it is out of bounds. */
export function readEpoch(
  given: number,
  receivedAt: number,
  readAt: number,
  limits: MessageLimits,
): number | undefined {
  const ts = parseTimestamp(given);
  return ts === undefined || boundOf(ts, receivedAt, readAt, limits) ? undefined : ts;
}

const outOfRange = (detail: string) => reject('timestamp-out-of-range', detail);

const lackOf = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?$/.test(value)
    ? ": it has no offset, so it may be any time zone's"
    : '';

function unitOf(value: number): string {
  if (!(value >= MICROSECONDS_FROM)) return '';
  const unit = value >= NANOSECONDS_FROM ? 'nanoseconds' : 'microseconds';
  return `: it looks like ${unit}, where seconds or milliseconds are read`;
}
