import { expect, test } from 'vitest';
import { backOff } from './back-off.ts';

test('the longer it fails, the more rarely it asks, down to twice a minute', () => {
  const failingFor = (ms: number, every = 1000) => backOff(every, 1_000_000, 1_000_000 + ms);
  expect([500, 1000, 8000, 40_000, 600_000].map((ms) => failingFor(ms))).toEqual([1000, 1000, 4000, 20_000, 30_000]);
  expect(failingFor(600_000, 60_000)).toBe(60_000);
  expect(backOff(1000, 0, Date.now())).toBe(5000);
});
