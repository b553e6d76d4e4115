// How numbers, times and readings are written, in the language that is shown.
import { localDigits, locale, zoneName } from '../language/language.ts';
import { t } from '../language/translate.ts';

/**
 * A count or a measured value, with grouped thousands. A fraction has seven digits, or all digits of its whole part if they are more;
 * a very large or small number has an exponent. @param decimals always this many.
 */
export function formatNumber(value: number, decimals?: number | null): string {
  const size = Math.abs(value);
  const short = size >= 1e7 && size < 1e12 ? Math.round(value) : Number(value.toPrecision(7));
  if (size !== 0 && (size < 0.001 || size >= 1e12) && decimals == null) return localDigits(short.toExponential());
  return localDigits(decimals == null ? String(Number.isInteger(value) ? value : short) : value.toFixed(decimals));
}

/** Bytes in units of 1,000: `412 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${localDigits(value < 10 && unit > 0 ? value.toFixed(1) : String(Math.round(value)))} ${units[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in one unit: `just now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`; `in 4 min` for what lies ahead. */
export function formatAgo(then: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - then.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return t('just now');
  const span = formatSpan(size);
  return seconds < 0 ? t('in {span}', { span }) : t('{span} ago', { span });
}

/** A span of whole seconds in its largest unit. */
export function formatSpan(seconds: number): string {
  if (seconds < MINUTE) return t('{seconds} s', { seconds });
  if (seconds < HOUR) return t('{minutes} min', { minutes: Math.floor(seconds / MINUTE) });
  if (seconds < 2 * DAY) return t('{hours} h', { hours: Math.floor(seconds / HOUR) });
  return t('{days, plural, one {# day} other {# days}}', { days: Math.floor(seconds / DAY) });
}

/** Local day and month: `21 Nov`. */
export const formatDay = (time: Date): string => `${time.getDate()} ${locale().months.split(' ')[time.getMonth()]}`;

/** Local time of day: `14:03`. */
export const formatMinute = (time: Date): string =>
  [time.getHours(), time.getMinutes()].map(twoDigits).join(locale().time);

/** Local time of day: `14:03:09`. */
export const formatSecond = (time: Date): string =>
  [formatMinute(time), twoDigits(time.getSeconds())].join(locale().time);

/** Local date and time to the second, with the time zone: `21 Nov 2026, 14:03:09 UTC+7`. */
export const formatTime = (time: Date): string =>
  `${formatDay(time)} ${time.getFullYear()}, ${formatSecond(time)} ${zoneName(time)}`;

/** Local time of day to the second, with the date when it is another day than `now`. */
export const formatClock = (time: Date, now: Date): string =>
  time.toDateString() === now.toDateString() ? formatSecond(time) : `${formatDay(time)} ${formatSecond(time)}`;

export const twoDigits = (value: number) => String(value).padStart(2, '0');
