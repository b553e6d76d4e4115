import { expect, test } from 'vitest';
import { formatAgo, formatBytes, formatClock, formatNumber, formatTime, readingFields } from './format.ts';

test.each([
  [0, '0'],
  [21.456_78, '21.457'],
  [-3.1, '-3.1'],
  [0.0625, '0.063'],
  [999.5, '999.5'],
  [999.9996, '1,000'],
  [1234.56, '1,235'],
  [-1_234_567, '-1,234,567'],
  [0.000_012, '1.20e-5'],
  [3e15, '3.00e+15'],
])('%d is written %s', (value, text) => expect(formatNumber(value)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [412_300_000, '412 MB'],
  [5e15, '5000 TB'],
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
  expect(formatTime(new Date('2026-09-01T09:08:07'))).toBe('1 Sep 2026, 09:08:07');
});

test("a reading's fields, without its envelope", () => {
  const payload = { id: 'a', ts: 1, temperature: 21.5, door: 'open', gps: [1, 2] };
  expect(readingFields(payload, 2)).toEqual([
    { field: 'temperature', value: '21.5' },
    { field: 'door', value: 'open' },
  ]);
  expect(readingFields(payload, 9)).toHaveLength(3);
  expect(readingFields([1], 2)).toEqual([]);
});
