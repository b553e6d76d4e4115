import { afterEach, describe, expect, test } from 'vitest';
import { setShown, zoneName } from '../language/language.ts';
import { formatAgo, formatBytes, formatClock, formatDay, formatMinute, formatNumber, formatTime } from './format.ts';

test.each([
  [0, '0'],
  [21.456_78, '21.45678'],
  [-3.1, '-3.1'],
  [-6.2001, '-6.2001'],
  [106.816_712_3, '106.8167'],
  [0.1 + 0.2, '0.3'],
  [1234.56, '1,234.56'],
  [-1_234_567, '-1,234,567'],
  [123_456_789, '123,456,789'],
  [1_234_567.89, '1,234,568'],
  [123_456_789.25, '123,456,789'],
  [0.000_012, '1.2e-5'],
  [3e15, '3e+15'],
  [123_456_789_012_345_680, '1.234568e+17'],
  [-1e308, '-1e+308'],
])('%d is written %s', (value, text) => expect(formatNumber(value)).toBe(text));

test('as many decimals as a field has', () => {
  expect([21.456, 1234, 0.0004, -1e-9].map((value) => formatNumber(value, 2))).toEqual([
    '21.46',
    '1,234.00',
    '0.00',
    '-0.00',
  ]);
  expect(formatNumber(2.5, 0)).toBe('3');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [412_300_000, '412 MB'],
  [5e15, '5,000 TB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

const NOW = new Date('2026-11-21T12:00:00');
test.each([
  [0, 'just now'],
  [12, '12 s ago'],
  [125, '2 min ago'],
  [47 * 3600, '47 h ago'],
  [49 * 3600, '2 days ago'],
  [-300, 'in 5 min'],
])('%d seconds before now is %s', (seconds, text) => {
  expect(formatAgo(new Date(NOW.getTime() - seconds * 1000), NOW)).toBe(text);
});

test('a time of another day says its day', () => {
  expect(formatClock(new Date('2026-11-21T09:08:07'), NOW)).toBe('09:08:07');
  expect(formatClock(new Date('2026-11-20T09:08:07'), NOW)).toBe('20 Nov 09:08:07');
});

test('a date says its time to the second', () => {
  expect(formatTime(new Date('2026-09-01T09:08:07'))).toMatch(/^1 Sep 2026, 09:08:07 UTC([+-]\d+(:\d\d)?)?$/);
});

/** As Intl writes it: format.ts does not use it, because its first formatter is slow. */
describe.each([
  ['en', 'en-GB', 'en'],
  ['id', 'id-ID', 'id-ID'],
] as const)('%s', (language, dates, numbers) => {
  afterEach(() => setShown('en'));
  const moments = Array.from({ length: 12 }, (_, month) => new Date(2026, month, 7, 5, 4));

  test('dates and times are written as Intl does', () => {
    setShown(language);
    const day = new Intl.DateTimeFormat(dates, { day: 'numeric', month: 'short' });
    // British English shortens September to Sept, and June and July not at all; the others are alike.
    const alike = moments.filter((moment) => language === 'id' || moment.getMonth() !== 8);
    expect(alike.map(formatDay)).toEqual(alike.map((moment) => day.format(moment)));
    const minute = new Intl.DateTimeFormat(dates, { hour: '2-digit', minute: '2-digit' });
    expect(moments.map(formatMinute)).toEqual(moments.map((moment) => minute.format(moment)));
  });

  test('numbers are written as Intl does', () => {
    setShown(language);
    const values = [0, 12, 1234, -1_234_567, 21.5, 1234.25, 0.5];
    const { format } = new Intl.NumberFormat(numbers);
    expect(values.map((value) => formatNumber(value))).toEqual(values.map(format));
    expect(formatNumber(1234.5, 2)).toBe(new Intl.NumberFormat(numbers, { minimumFractionDigits: 2 }).format(1234.5));
  });
});

test('time zones are named', () => {
  const at = (minutesAhead: number) => Object.assign(new Date(), { getTimezoneOffset: () => -minutesAhead });
  const zones = () => [0, 420, 480, 540, 330, -210].map((ahead) => zoneName(at(ahead)));
  expect(zones()).toEqual(['UTC', 'UTC+7', 'UTC+8', 'UTC+9', 'UTC+5:30', 'UTC-3:30']);
  setShown('id');
  expect(zones()).toEqual(['UTC', 'WIB', 'WITA', 'WIT', 'UTC+5:30', 'UTC-3:30']);
  setShown('en');
});
