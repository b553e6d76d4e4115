import { expect, test } from 'vitest';
import { bucketOf, RANGES, readRange, spanOf } from './ranges.ts';

test('at most 360 buckets, which roll-ups fit into', () => {
  expect(RANGES.map(({ seconds }) => bucketOf(seconds))).toEqual([3, 10, 60, 300, 1800, 7200, 21_600]);
  for (const seconds of [10, 1000, 1e5, 1e6, 1e7, 1e8, 1e9]) {
    const step = bucketOf(seconds);
    expect(seconds / step).toBeLessThanOrEqual(360);
    expect(step % 60 === 0 || 60 % step === 0).toBe(true);
    if (step > 3600) expect(step % 3600).toBe(0);
  }
});

test('a span is of whole buckets and has both ends in it', () => {
  expect(spanOf(RANGES[4], 1_000_000)).toEqual({ from: 396_000, until: 1_000_800, bucketSeconds: 1800 });
  expect(spanOf({ from: 1_000_001, until: 1_100_001 }, 0)).toEqual({
    from: 999_900,
    until: 1_100_100,
    bucketSeconds: 300,
  });
});

test.each([
  ['range=7d', RANGES[4]],
  ['from=100&until=200', { from: 100, until: 200 }],
  ['from=100&until=105', RANGES[0]],
  ['from=x&until=200', RANGES[0]],
  ['range=constructor', RANGES[0]],
  ['', RANGES[0]],
])('the address %s', (address, range) => expect(readRange(new URLSearchParams(address))).toEqual(range));
