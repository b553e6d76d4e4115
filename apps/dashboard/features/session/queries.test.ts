import { expect, test } from 'vitest';
import { ApiError } from './errors.ts';
import { polled } from './queries.tsx';

const next = (error: Error | null) =>
  polled(30_000).refetchInterval({
    state: { status: error ? 'error' : 'success', error, dataUpdatedAt: 0, errorUpdatedAt: 0 },
  });

test('what is too much for the database is asked for again rarely', () => {
  expect(next(new ApiError('', '57014', 500))).toBe(300_000);
  expect(next(new ApiError('', '', 503))).toBe(30_000);
  expect(next(null)).toBe(30_000);
});
