// Device timestamps, as whole microseconds since 1970: Postgres' own precision, and exact in a JavaScript number.

/** Earliest accepted timestamp: 2000-01-01T00:00:00Z. A clock that was never set says 1970. */
export const EARLIEST_TS = Date.UTC(2000, 0, 1) * 1000;

/** How far ahead of its receipt a reading may be dated: one day, in microseconds. Covers any time zone mistake. */
export const MAX_AHEAD = 86_400 * 1_000_000;

/** Epoch numbers below this are seconds, others milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const MILLISECONDS_FROM = 100_000_000_000;

// RFC 3339 date-time. The offset is required: a local time without one is not a point in time.
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;
const EPOCH = /^\d{1,16}(?:\.\d{1,9})?$/;

/**
 * A device's timestamp in microseconds since 1970; undefined if the value is not a timestamp.
 * @param value RFC 3339 text with an offset (digits beyond microseconds are cut off, second 60 is refused), or an epoch
 *   number, also as text: seconds below 10^11, else milliseconds; fractions are rounded to microseconds.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value === 'number') return parseEpoch(value);
  if (typeof value !== 'string') return undefined;
  const match = RFC3339.exec(value);
  if (match) return parseFields(match);
  return EPOCH.test(value) ? parseEpoch(Number(value)) : undefined;
}

/** Microseconds since 1970 as RFC 3339 text in UTC, with six digits: Postgres reads back the same instant. */
export function formatTimestamp(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return `${new Date(millis).toISOString().slice(0, -1)}${rest}Z`;
}

function parseEpoch(value: number): number | undefined {
  const micros = Math.round(value < MILLISECONDS_FROM ? value * 1_000_000 : value * 1000);
  // Larger than an exact integer: far out of range, which the range check reports better.
  return Number.isFinite(micros) && micros >= 0 ? micros : undefined;
}

function parseFields(match: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -1 : 1);
  const millis = Date.UTC(year, month - 1, day, hour, minute - offset, second);
  const fraction = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return millis * 1000 + fraction;
}

/** Number of days in a month from 1 to 12: day 0 of the next month is its last one. */
const daysIn = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
