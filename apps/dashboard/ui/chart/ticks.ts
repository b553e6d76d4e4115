// Where an axis has its ticks, and their labels.
import { formatDay, formatMinute, formatSecond } from '../format.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds between two times that people find even. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14].map((days) => days * DAY),
];

/** A time's place and text. */
export interface TimeTick {
  /** Epoch seconds. */
  at: number;
  text: string;
  /** Every second one: where there is little room it is left out. */
  isExtra: boolean;
}

/** Round times of the local day between two, in epoch seconds, at most `most`. */
export function timeTicks(from: number, until: number, most: number): TimeTick[] {
  const step = STEPS.find((each) => (until - from) / each <= most) ?? 28 * DAY;
  const offset = new Date(from * 1000).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from - offset) / step);
  const last = Math.floor((until - offset) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const at = (first + index) * step + offset;
    return { at, text: formatTick(at, step), isExtra: (first + index) % 2 !== 0 };
  });
}

/** As exact as the step between ticks asks for. @param at epoch seconds. @param step seconds. */
export function formatTick(at: number, step: number): string {
  const time = new Date(at * 1000);
  if (step >= DAY) return formatDay(time);
  if (step >= HOUR && time.getHours() + time.getMinutes() + time.getSeconds() === 0) return formatDay(time);
  return step < MINUTE ? formatSecond(time) : formatMinute(time);
}

/** Round numbers between two values, at most `most`: multiples of 1, 2 or 5 times a power of ten. */
export function valueTicks(low: number, high: number, most: number): number[] {
  const least = high / most - low / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((each) => each * power >= least) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  // Divided by the inverse: 3 * 0.1 is not 0.3.
  return Array.from({ length: count }, (_, index) =>
    step < 1 ? (first + index) / Math.round(1 / step) : (first + index) * step,
  );
}
