import { expect, test } from 'vitest';
import { firingsByHour } from './firings.ts';

test('firings are counted by hour, and what is older is left out', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const at = (minutes: number) => ({
    device_id: 'd',
    at: new Date(now.getTime() - minutes * 60_000).toISOString(),
    value: 1,
  });
  expect(firingsByHour([at(1), at(59), at(61), at(179), at(181)], 3, now)).toEqual([1, 1, 2]);
});
