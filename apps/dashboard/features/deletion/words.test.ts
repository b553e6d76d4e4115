import { expect, test } from 'vitest';
import { describeProgress } from './words.ts';

const began = '2026-11-30T08:00:00Z';
const now = new Date('2026-11-30T08:01:00Z');
const running = {
  started_at: began,
  stage: 'rows',
  removed: 12_000,
  rows_left: 3000,
  problem: null,
  finished_at: null,
};

test.each([
  [{ ...running, started_at: null }, 'Begins within a minute'],
  [running, '12,000 rows removed, 3,000 readings left, about 15 s'],
  [{ ...running, rows_left: 100_001 }, '12,000 rows removed, more than 100,000 readings left, more than 8 min'],
  [{ ...running, removed: 0 }, '0 rows removed, 3,000 readings left'],
  [{ ...running, stage: 'archive' }, '12,000 rows removed; a final check follows in a few minutes'],
  [{ ...running, problem: 'It waits.' }, '12,000 rows removed. It waits.'],
  [{ ...running, finished_at: began }, 'Done: 12,000 rows removed'],
])('%j', (progress, words) => {
  expect(describeProgress(progress, now)).toBe(words);
});
