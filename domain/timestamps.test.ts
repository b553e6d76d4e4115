import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';

test.each([
  ['2026-11-21T12:00:00Z', '2026-11-21T12:00:00.000000Z'],
  ['2026-11-21T12:00:00.1Z', '2026-11-21T12:00:00.100000Z'],
  ['2026-11-21 12:00:00.1234569+01:30', '2026-11-21T10:30:00.123456Z'],
  ['2026-11-21t23:59:59-0800', '2026-11-22T07:59:59.000000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000000Z'],
  [1_763_726_400, '2025-11-21T12:00:00.000000Z'],
  [1_763_726_400.123456, '2025-11-21T12:00:00.123456Z'],
  [1_763_726_400_123, '2025-11-21T12:00:00.123000Z'],
  ['1763726400123.5', '2025-11-21T12:00:00.123500Z'],
  ['1763726400', '2025-11-21T12:00:00.000000Z'],
])('%s is %s', (given, expected) => {
  expect(formatTimestamp(parseTimestamp(given)!)).toBe(expected);
});

test.each([
  '2026-11-21T12:00:00',
  '2026-11-21',
  '2026-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T12:60:00Z',
  '2026-11-21T12:00:60Z',
  '2026-11-21T12:00:00+24:00',
  'yesterday',
  '',
  '1e9',
  '-1',
  ' 1763726400',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  true,
  {},
  [],
])('%s is not a timestamp', (given) => {
  expect(parseTimestamp(given)).toBeUndefined();
});

test('a formatted timestamp is read back to the same microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (micros) => {
      expect(parseTimestamp(formatTimestamp(micros))).toBe(micros);
    }),
  );
});
