import { expect, test } from 'vitest';
import { backOff } from './back-off.ts';

test('waits double, and end at half a minute', () => {
  expect([0, 1, 2, 10].map((failures) => backOff(1000, failures))).toEqual([1000, 2000, 4000, 30_000]);
  expect(backOff(60_000, 3)).toBe(60_000);
});
