import { afterEach, expect, it, vi } from 'vitest';
import { compare, line } from './point.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

it('finds the line through two points, and the nearest to three', () => {
  expect(line([1, 3], [3, 7])).toEqual({ slope: 2, at0: 1 });
  expect(line([0, 0], [1, 1.5], [2, 2]).slope).toBeCloseTo(1);
  expect(line([0, 0], [1, 1.5], [2, 2]).at0).toBeCloseTo(0.17, 2);
});

it.each([
  [500, 'measured 1.00', undefined],
  [590, 'measured 0.85', undefined],
  [660, 'measured 0.76  TOO FAR', 1],
  [400, 'measured 1.25  TOO FAR', 1],
  [0, 'TOO FAR', 1],
])('holds the model to a measured point: %i bytes', (measured, says, exitCode) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const fitted = { rowFixedBytes: 300, rowBytesPerPayloadByte: 2 };
  const load = { devices: 1, messageBytes: 100 };
  compare([{ what: 'a row', load, of: ({ database }) => database.bytesPerRow, measured }], fitted);
  expect(log.mock.lastCall![0]).toContain(says);
  expect(process.exitCode).toBe(exitCode);
});
