// The spans of time a chart can show: those that end now, and any other by its two ends.
import type { PlainMessage } from '../../language/translate.ts';

export const RANGES = [
  { value: '15m', label: '15 min', words: 'the last 15 minutes', seconds: 900 },
  { value: '1h', label: '1 h', words: 'the last hour', seconds: 3600 },
  { value: '6h', label: '6 h', words: 'the last 6 hours', seconds: 6 * 3600 },
  { value: '24h', label: '24 h', words: 'the last 24 hours', seconds: 24 * 3600 },
  { value: '7d', label: '7 d', words: 'the last 7 days', seconds: 7 * 24 * 3600 },
  { value: '30d', label: '30 d', words: 'the last 30 days', seconds: 30 * 24 * 3600 },
  { value: '90d', label: '90 d', words: 'the last 90 days', seconds: 90 * 24 * 3600 },
] as const;

/** A span that ends now, or one by its ends, in epoch seconds. */
export type Range = { seconds: number; words: PlainMessage } | { from: number; until: number };

/** Points across a chart at most: about two pixels each. */
const MOST_BUCKETS = 360;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Each divides a minute, an hour or a day or is a whole number of them: a roll-up is in one bucket. */
const STEPS = [
  1,
  2,
  3,
  5,
  10,
  15,
  20,
  30,
  ...[1, 2, 3, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
];

/** Seconds of a bucket. @param seconds of the whole chart. */
export const bucketOf = (seconds: number): number =>
  STEPS.find((step) => seconds / step <= MOST_BUCKETS) ?? Math.ceil(seconds / MOST_BUCKETS / DAY) * DAY;

/** What a chart shows and asks for. */
export interface Span {
  /** In epoch seconds, whole buckets: the same reading is in the same bucket at every look. */
  from: number;
  until: number;
  bucketSeconds: number;
}

/** @param now epoch seconds. */
export function spanOf(range: Range, now: number): Span {
  if ('seconds' in range) {
    const bucketSeconds = bucketOf(range.seconds);
    const until = (Math.floor(now / bucketSeconds) + 1) * bucketSeconds;
    return { from: until - Math.ceil(range.seconds / bucketSeconds) * bucketSeconds, until, bucketSeconds };
  }
  const bucketSeconds = bucketOf(range.until - range.from);
  return {
    from: Math.floor(range.from / bucketSeconds) * bucketSeconds,
    until: Math.ceil(range.until / bucketSeconds) * bucketSeconds,
    bucketSeconds,
  };
}

/** How often a chart moves on, in seconds: one between two times stays. */
export const tickOf = (range: Range): number => ('seconds' in range ? bucketOf(range.seconds) : HOUR);

/** The shortest span by its ends, in seconds. */
export const SHORTEST = 10;

/** A range as an address has it: `range=7d`, or `from` and `until` in epoch seconds. */
export function readRange(address: URLSearchParams): Range {
  const [from, until] = [Number(address.get('from')), Number(address.get('until'))];
  if (Number.isSafeInteger(from) && from > 0 && until < 1e11 && until - from >= SHORTEST) return { from, until };
  return RANGES.find(({ value }) => value === address.get('range')) ?? RANGES[0];
}
