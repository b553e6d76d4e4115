// How numbers, times and readings are written.

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
const wholes = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A count or a measured value: grouped thousands, at most three decimals; very large and small ones with an exponent. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e12)) return value.toExponential(2);
  return size >= 1000 ? wholes.format(value) : numbers.format(value);
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

/** Local date and time to the second: `21 Nov 2026, 14:03:09`. */
export const formatTime = (time: Date): string =>
  time.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });

/** Local time of day to the second, with the date when it is another day than `now`. */
export function formatClock(time: Date, now: Date): string {
  const clock = time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock}`;
}

/** Fields of a reading that say when and which it is, not what was measured. */
const ENVELOPE = new Set(['id', 'ts']);

/** A reading's measured values, in its own order, at most `most` of them, as text. */
export function readingFields(payload: unknown, most: number): { field: string; value: string }[] {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return [];
  return Object.entries(payload)
    .filter(([field]) => !ENVELOPE.has(field))
    .slice(0, most)
    .map(([field, value]) => ({ field, value: formatValue(value) }));
}

function formatValue(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}
