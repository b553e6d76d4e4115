import { expect, test } from 'vitest';
import { ApiError, isPassing, isTooMuch, messageOf, unwrap } from './errors.ts';

const failed = (error: { message: string; hint?: string; code?: string }, status: number) => {
  try {
    return unwrap({ data: null, error, status });
  } catch (thrown) {
    return thrown;
  }
};

test.each([
  [
    { message: 'there is a device "a" already', hint: 'Choose another slug.', code: '23505' },
    409,
    'There is a device "a" already. Choose another slug.',
  ],
  [{ message: 'TypeError: Failed to fetch' }, 0, /cannot be reached/],
  [{ message: 'JWT expired', code: 'PGRST303' }, 401, /session has ended/],
  [{ message: 'permission denied for table audit_log', code: '42501' }, 403, /role does not allow/],
  [{ message: 'canceling statement due to statement timeout', code: '57014' }, 500, /took too long to answer/],
  [{ message: 'there is no such device', code: 'P0002' }, 500, 'There is no such device.'],
  [{ message: 'boom', code: 'XX000' }, 500, /problem of its own/],
])('%j with status %d', (error, status, sentence) => {
  const thrown = failed(error, status);
  expect(thrown).toBeInstanceOf(ApiError);
  expect(messageOf(thrown)).toMatch(
    typeof sentence === 'string' ? new RegExp(sentence.replace(/[.]/g, '\\.')) : sentence,
  );
});

test('rows come through', () => {
  expect(unwrap({ data: [1], error: null, status: 200 })).toEqual([1]);
});

test('asking again makes sense for what may pass by itself', () => {
  expect(isPassing(failed({ message: 'x' }, 0))).toBe(true);
  expect(isPassing(failed({ message: 'x' }, 503))).toBe(true);
  expect(isPassing(failed({ message: 'x', code: '42501' }, 403))).toBe(false);
  for (const code of ['57014', 'P0002']) expect(isPassing(failed({ message: 'x', code }, 500))).toBe(false);
  expect(isTooMuch(failed({ message: 'x', code: '57014' }, 500))).toBe(true);
  expect(isTooMuch(failed({ message: 'x', code: '57P01' }, 500))).toBe(false);
});
