// A bill adds up: its total is the sum of what its rows say, whatever the bytes.
import { expect, test } from 'vitest';
import { firstDay, lineOf, sumOfUsage, type UsageDay } from './usage.ts';

const day = (bytes: number): UsageDay => ({
  day: '2026-11-01',
  readings: 3,
  bytes,
  over_quota: 1,
  letters: 2,
  alerts: 0,
  notifications: 0,
  commands: 4,
  ai_tokens: 0,
});

test('bytes are rounded for each day, once, so that the total is the sum of the rows', () => {
  // Together 1,998 bytes, which alone would be 2 kB.
  const lines = [499, 499, 500, 500].map((bytes) => lineOf(day(bytes)));
  expect(lines.map(({ kilobytes }) => kilobytes)).toEqual([0, 0, 1, 1]);
  expect(sumOfUsage(lines)).toEqual({
    readings: 12,
    kilobytes: 2,
    over_quota: 4,
    letters: 8,
    alerts: 0,
    notifications: 0,
    commands: 16,
    ai_tokens: 0,
  });
  const months = [sumOfUsage(lines.slice(0, 1)), sumOfUsage(lines.slice(1))];
  expect(sumOfUsage(months)).toEqual(sumOfUsage(lines));
});

test('a month begins on its first day, in any year', () => {
  expect([firstDay('2026-11'), firstDay('2026-12', 1), firstDay('2027-01', -25)]).toEqual([
    '2026-11-01',
    '2027-01-01',
    '2024-12-01',
  ]);
});
