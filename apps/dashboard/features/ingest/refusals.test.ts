// Refusals of a day, added up.
import { expect, test } from 'vitest';
import { sumByReason } from './refusals.ts';

test('adds up the hours of a reason, and names the newest; the most frequent comes first', () => {
  const hours = [
    { hour: '08:00', reason: 'rate', times: 1 },
    { hour: '08:00', reason: 'will', times: 2 },
    { hour: '09:00', reason: 'rate', times: 3 },
  ];
  expect(sumByReason(hours)).toEqual([
    { reason: 'rate', times: 4, hour: '09:00' },
    { reason: 'will', times: 2, hour: '08:00' },
  ]);
});
