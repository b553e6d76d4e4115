// Nearest rank, at its edges.
import { expect, it } from 'vitest';
import { median, quantile } from './quantiles.ts';

const upTo = (most: number) => Array.from({ length: most }, (_, index) => most - index);

it.each([
  [100, 0.5, 50],
  [100, 0.95, 95],
  [100, 0.99, 99],
  [101, 0.99, 100],
  [20, 0.99, 20],
  [100, 1, 100],
  [1, 0.5, 1],
  [0, 0.5, Number.NaN],
])('of 1 to %i, the share %f is at most %f', (most, share, value) => {
  expect(quantile(upTo(most), share)).toBe(value);
});

it('takes the lower middle, and leaves the values as they were', () => {
  const values = [4, 1, 3, 2];
  expect(median(values)).toBe(2);
  expect(median([3, 1, 2])).toBe(2);
  expect(values).toEqual([4, 1, 3, 2]);
});
