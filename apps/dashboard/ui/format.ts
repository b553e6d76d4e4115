// How numbers, times and readings are written. By hand: the language is fixed, and a browser takes some 30 ms to make its
// first Intl formatter, during which a slow phone stands still.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A count or a measured value, with grouped thousands. A fraction has seven digits, or all digits of its whole part if they are more;
 * a very large or small number has an exponent. @param decimals always this many.
 */
export function formatNumber(value: number, decimals?: number | null): string {
  const size = Math.abs(value);
  const short = size >= 1e7 && size < 1e12 ? Math.round(value) : Number(value.toPrecision(7));
  if (size !== 0 && (size < 0.001 || size >= 1e12) && decimals == null) return short.toExponential();
  const text = decimals == null ? String(Number.isInteger(value) ? value : short) : value.toFixed(decimals);
  const [whole = '', ...rest] = text.split('.');
  return [size < 1e21 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole, ...rest].join('.');
}

/** Bytes in units of 1,000: `412 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in one unit: `just now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`; `in 4 min` for what lies ahead. */
export function formatAgo(then: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - then.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return 'just now';
  const text = formatSpan(size);
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** A span of whole seconds in its largest unit. */
export function formatSpan(seconds: number): string {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} days`;
}

/** Local day and month: `21 Nov`. */
export const formatDay = (time: Date): string => `${time.getDate()} ${MONTHS[time.getMonth()]}`;

/** Local time of day: `14:03`. */
export const formatMinute = (time: Date): string => `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`;

/** Local time of day: `14:03:09`. */
export const formatSecond = (time: Date): string => `${formatMinute(time)}:${twoDigits(time.getSeconds())}`;

/** Local date and time to the second: `21 Nov 2026, 14:03:09`. */
export const formatTime = (time: Date): string => `${formatDay(time)} ${time.getFullYear()}, ${formatSecond(time)}`;

/** Local time of day to the second, with the date when it is another day than `now`. */
export const formatClock = (time: Date, now: Date): string =>
  time.toDateString() === now.toDateString() ? formatSecond(time) : `${formatDay(time)} ${formatSecond(time)}`;

export const twoDigits = (value: number) => String(value).padStart(2, '0');
