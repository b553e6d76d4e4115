// "Redrive all": each letter once, also while ingest gives back those that still cannot be stored.
import { expect, test, vi } from 'vitest';
import { MOST_REDRIVES, redriveAll } from './dead-letters.ts';

/** Ids of the letters, which were received in their order, a second apart. None is ever stored. */
let letters: number[];
const asked: number[] = [];

const place = (id: number) => ({ id, received_at: new Date(id * 1000).toISOString() });
vi.mock('../session/rows.ts', () => ({
  firstRows: async (ask: (api: unknown) => unknown, _order: string[], most: number, from?: { id: number }) => {
    let until = Number.POSITIVE_INFINITY;
    const question: object = new Proxy(
      {},
      {
        get: (_, name) => (_column: string, value: string) => {
          if (name === 'lte') until = Date.parse(value) / 1000;
          return question;
        },
      },
    );
    ask(question);
    const rows = letters.filter((id) => id > (from?.id ?? 0) && id <= until).map(place);
    return { rows: rows.slice(0, most), more: rows.length > most };
  },
  call: async (_name: string, { dead_letter_ids: ids }: { dead_letter_ids: number[] }) => {
    asked.push(...ids);
    if (asked.length > 10 * MOST_REDRIVES) throw new Error('it does not end');
    // More come meanwhile.
    letters.push(...ids.map((_, n) => letters.length + 1 + n));
    return ids.length;
  },
}));

test('it ends, though none is stored and as many come meanwhile', async () => {
  letters = Array.from({ length: 2.5 * MOST_REDRIVES }, (_, n) => n + 1);
  const shown = [...letters];
  await redriveAll('acme', place(shown.length).received_at);
  expect(asked).toEqual(shown);
});
