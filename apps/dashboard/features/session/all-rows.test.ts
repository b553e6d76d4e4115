import { expect, test } from 'vitest';
import { allRows } from './all-rows.ts';

const table = (size: number) => ({
  async range(from: number, to: number) {
    const data = Array.from({ length: Math.max(0, Math.min(to + 1, size) - from) }, (_, index) => from + index);
    return { data, error: null, status: 200 };
  },
});

test.each([0, 1, 999, 1000, 1001, 2500])('%d rows come whole, in order', async (size) => {
  expect(await allRows(() => table(size))).toEqual(Array.from({ length: size }, (_, index) => index));
});

test('a failure on the way is thrown', async () => {
  const failing = { range: async () => ({ data: null, error: { message: 'no' }, status: 500 }) };
  await expect(allRows(() => failing)).rejects.toThrow(/fault on its side/);
});
