import { expect, test } from 'vitest';
import { extremes, fieldColumns } from './series.ts';

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const bucket = (seconds: number, average: number) => ({
  bucket: at(seconds),
  minimum: average - 1,
  average,
  maximum: average + 1,
  readings: 2,
});
const reading = (seconds: number, payload: unknown) => ({
  ts: at(seconds),
  message_id: String(seconds),
  received_at: at(seconds),
  payload,
});

test('live readings follow the last bucket, in order and once', () => {
  const live = [reading(34, { t: 9 }), reading(31, { t: 8 }), reading(22, { t: 7 }), reading(33, { other: 1 })];
  expect(fieldColumns([bucket(10, 1), bucket(20, 2)], live, 't', 10)).toEqual([
    [10, 20, 31, 34],
    [0, 1, 8, 9],
    [1, 2, 8, 9],
    [2, 3, 8, 9],
  ]);
});

test('a silence much longer than usual is a gap', () => {
  const [times, , average] = fieldColumns(
    [0, 10, 20, 100, 110].map((seconds) => bucket(seconds, 5)),
    [],
    't',
    10,
  );
  expect(times).toEqual([0, 10, 20, 30, 100, 110]);
  expect(average).toEqual([5, 5, 5, null, 5, 5]);
});

test('a slow device has no gaps', () => {
  const [, , average] = fieldColumns(
    [0, 60, 120, 200].map((seconds) => bucket(seconds, 5)),
    [],
    't',
    3,
  );
  expect(average).not.toContain(null);
});

test('extremes', () => {
  expect(extremes(fieldColumns([bucket(10, 5), bucket(20, 2)], [], 't', 10))).toEqual({
    lowest: 1,
    highest: 6,
    newest: 2,
    newestAt: new Date(20_000),
  });
  expect(extremes(fieldColumns([], [], 't', 10))).toBeUndefined();
});
