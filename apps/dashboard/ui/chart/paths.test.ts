import { expect, test } from 'vitest';
import { bandPath, barsPath, dotsPath, linePath, rangeOf, scaleOf, stepPath } from './paths.ts';
import { valueTicks } from './ticks.ts';

const SCALE = scaleOf(0, 10, [0, 100]);
const TIMES = [0, 2, 4, 6, 8];

test('a line is broken at gaps, and a value alone is a dot', () => {
  const values = [0, 50, null, 100, null];
  expect(linePath(TIMES, values, SCALE)).toBe('M0 1000L200 500M600 0');
  expect(dotsPath(TIMES, values, SCALE)).toBe('M600 0h0');
});

test('steps hold a value until the next one', () => {
  expect(stepPath(TIMES, [0, 1, null, 1, null], SCALE)).toBe('M0 1000H200V990M600 990');
});

test('a band goes along its upper edge and back along the lower one', () => {
  expect(bandPath(TIMES, [10, 20, null], [30, 40, null], SCALE)).toBe('M0 700L200 600L200 800L0 900Z');
});

test('a bar stands on zero and leaves a fifth of its room free', () => {
  expect(barsPath(TIMES, [null, 25], SCALE, 2)).toBe('M200 1000V750H360V1000Z');
});

test('the value axis has room; a constant is in its middle; bars begin at zero', () => {
  expect(rangeOf([[null, 10], [20]], false)).toEqual([8.8, 21.2]);
  expect(rangeOf([[4, 4]], false)).toEqual([3.5, 4.5]);
  expect(rangeOf([[50]], true)).toEqual([0, 55.00000000000001]);
  expect(rangeOf([[0]], true)).toEqual([0, 1]);
  expect(rangeOf([[null]], false)).toEqual([0, 1]);
});

test('the largest numbers there are have their places', () => {
  const range = rangeOf([[1e308, -1e308]], false);
  expect(linePath([0, 10], [1e308, -1e308], scaleOf(0, 10, range))).toMatch(/^M0 \d+(\.\d)?L1000 \d+(\.\d)?$/);
  expect(valueTicks(...range, 6)).toContain(0);
});
