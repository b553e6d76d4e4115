import { expect, test } from 'vitest';
import { timeTicks, valueTicks } from './ticks.ts';

const at = (text: string) => Date.parse(text) / 1000;
const texts = (from: string, until: string) => timeTicks(at(from), at(until), 8).map(({ text }) => text);

test('times are even ones of the local day', () => {
  expect(texts('2026-11-21T13:58:30', '2026-11-21T14:13:30')).toEqual([
    '14:00',
    '14:02',
    '14:04',
    '14:06',
    '14:08',
    '14:10',
    '14:12',
  ]);
  expect(texts('2026-11-20T13:10:00', '2026-11-21T13:10:00')).toEqual([
    '15:00',
    '18:00',
    '21:00',
    '21 Nov',
    '03:00',
    '06:00',
    '09:00',
    '12:00',
  ]);
  expect(texts('2026-11-14T13:10:00', '2026-11-21T13:10:00')).toEqual([
    '15 Nov',
    '16 Nov',
    '17 Nov',
    '18 Nov',
    '19 Nov',
    '20 Nov',
    '21 Nov',
  ]);
});

test('a time stays extra, or does not, while the axis moves on', () => {
  const [, second] = timeTicks(at('2026-11-21T13:59:30'), at('2026-11-21T14:14:30'), 8);
  const [moved] = timeTicks(at('2026-11-21T14:00:30'), at('2026-11-21T14:15:30'), 8);
  expect(moved).toEqual(second);
});

test.each([
  [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [19.6, 25.2, [20, 21, 22, 23, 24, 25].filter((value) => value % 2 === 0)],
  [0, 257, [0, 100, 200]],
  [-3, 3, [-2, 0, 2]],
  [0.12, 0.2, [0.12, 0.14, 0.16, 0.18, 0.2]],
])('values from %d to %d stand at %j', (low, high, ticks) => expect(valueTicks(low, high, 5)).toEqual(ticks));
