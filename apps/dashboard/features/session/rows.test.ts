// Lists come whole and in order, whatever max rows is; and every query of the dashboard goes this way.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type Api, allRows, COUNTED, call, countRows, firstRows, oneRow, type RowOf, write } from './rows.ts';

vi.mock('./clients.ts', () => ({ rest: async () => ({}) }));

interface Row {
  group: string;
  id: number;
}

/** What PostgREST's client makes of a query, as far as it is used here. */
interface Query extends PromiseLike<{ data: Row[] | null; error: null; status: number; count: number | null }> {
  order(): this;
  or(): this;
  limit(): this;
}

const ROWS: Row[] = Array.from({ length: 2500 }, (_, id) => ({ group: `"${Math.floor(id / 3) % 7}"`, id }));
const ORDER: ('group.desc' | 'id')[] = ['group.desc', 'id'];
const SORTED = ROWS.toSorted((a, b) => b.group.localeCompare(a.group) || a.id - b.id);

let questions = 0;
afterEach(() => {
  questions = 0;
});

/** A table behind an API that answers with `maxRows` at most. It understands what this module writes, and nothing else. */
function table(size: number, maxRows: number, counted: boolean) {
  let rows = ROWS.slice(0, size);
  let most = maxRows;
  const order: [column: keyof Row, ascending: boolean][] = [];
  const question = {
    order(column: string, { ascending }: { ascending: boolean }) {
      order.push([column as keyof Row, ascending]);
      return question;
    },
    limit(count: number) {
      most = Math.min(most, count);
      return question;
    },
    or(filters: string) {
      const alternatives = filters.match(/and\([^)]*\)/g)!.map((and) =>
        [...and.matchAll(/(\w+)\.(eq|gt|lt)\."((?:\\.|[^"\\])*)"/g)].map(([, column, how, value]) => {
          const bound = value!.replace(/\\(.)/g, '$1');
          return (row: Row) => {
            const found = row[column as keyof Row];
            const than = typeof found === 'number' ? Number(bound) : bound;
            return how === 'eq' ? found === than : how === 'gt' ? found > than : found < than;
          };
        }),
      );
      rows = rows.filter((row) => alternatives.some((all) => all.every((holds) => holds(row))));
      return question;
    },
    // biome-ignore lint/suspicious/noThenProperty: a question is awaited, as PostgREST's client has it
    then(done: (answer: object) => unknown) {
      questions++;
      const sorted = rows.toSorted((a, b) => {
        for (const [column, ascending] of order) {
          if (a[column] !== b[column]) return a[column] < b[column] === ascending ? -1 : 1;
        }
        return 0;
      });
      done({ data: sorted.slice(0, most), count: counted ? rows.length : null, error: null, status: 200 });
    },
  };
  return question as unknown as Query;
}

const CUTS = [7, 100, 1000, 5000];

test.each(CUTS)('every row comes once and in order, counted or not, when %d come at most', async (maxRows) => {
  for (const size of [0, 1, 6, 7, 8, 99, 100, 101, 999, 1000, 1001, 2500]) {
    const whole = ROWS.slice(0, size).toSorted((a, b) => b.group.localeCompare(a.group) || a.id - b.id);
    for (const counted of [true, false])
      expect(await allRows(() => table(size, maxRows, counted), ORDER)).toEqual(whole);
  }
});

test.each(CUTS)('the beginning of a list says whether there is more, when %d rows come at most', async (maxRows) => {
  for (const most of [1, 6, 7, 40, 100, 999, 1000, 2000]) {
    const part = await firstRows(() => table(2500, maxRows, false), ORDER, most);
    expect(part).toEqual({ rows: SORTED.slice(0, most), more: true });
    const next = await firstRows(() => table(2500, maxRows, false), ORDER, most, part.rows.at(-1));
    expect(next.rows).toEqual(SORTED.slice(most, 2 * most));
  }
  const all = await firstRows(() => table(2500, maxRows, false), ORDER, 2500);
  expect(all).toEqual({ rows: SORTED, more: false });
});

test('a list that fits into one answer takes one question when it is counted', async () => {
  await allRows(() => table(999, 1000, true), ORDER);
  expect(questions).toBe(1);
});

test('the beginning of a long list takes one question', async () => {
  await firstRows(() => table(2500, 1000, false), ORDER, 40);
  expect(questions).toBe(1);
});

test('one row, or none; and how many there are', async () => {
  expect(await oneRow(() => table(1, 1000, false))).toEqual(ROWS[0]);
  expect(await oneRow(() => table(0, 1000, false))).toBeUndefined();
  expect(await countRows(() => table(2500, 7, true))).toBe(2500);
  expect(COUNTED).toEqual({ count: 'exact' });
});

test('a failure on the way is thrown', async () => {
  const failing = { limit: () => failing, order: () => failing, or: () => failing, ...failed() };
  await expect(allRows(() => failing as unknown as Query, ['id'])).rejects.toThrow(/problem of its own/);
});

const failed = () => ({
  // biome-ignore lint/suspicious/noThenProperty: a question is awaited, as PostgREST's client has it
  then: (done: (answer: object) => unknown) => done({ data: null, error: { message: 'no' }, status: 500 }),
});

test('no query of the dashboard goes another way: an unpaged list would be cut without a word', () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync(['app/**/*.{ts,tsx}', 'features/**/*.{ts,tsx}', 'ui/**/*.{ts,tsx}'], { cwd: root });
  expect(files.length).toBeGreaterThan(100);
  const others = files.filter((file) => {
    // Examples are texts that a tenant's programs run.
    if (/session\/(rows|clients)\.ts$|data\/examples\.ts$|\.test\.ts$/.test(file)) return false;
    return /\bPostgrestClient\b|\brest\b.*clients\(\)|\brest\(\)|import .*\b(rest|unwrap)\b|(?<!\.)\.rest\b|\/rest\/v1\//.test(
      readFileSync(join(root, file), 'utf8'),
    );
  });
  expect(others).toEqual([]);
});

test('the types are those of the catalogue: `npm run check` fails when one of these is not an error', () => {
  const devices = (api: Api) => api.from('devices').select('id,nmae');
  const keys = (api: Api) => api.from('device_credentials').select('id,password_hash');
  const wrong = [
    // @ts-expect-error A column that is not there.
    (row: RowOf<typeof devices>) => row.id,
    // @ts-expect-error A column that people may not read.
    (row: RowOf<typeof keys>) => row.id,
    // @ts-expect-error An order by what is not selected.
    () => allRows((api: Api) => api.from('devices').select('id'), ['slug']),
    // @ts-expect-error A table that people may not write.
    () => write((api) => api.from('devices').insert({ slug: 'a' })),
    // @ts-expect-error A word that the column does not take.
    () => write((api) => api.from('alert_rules').update({ kind: 'sometimes' })),
    // @ts-expect-error An argument that the function does not have.
    () => call('rename_device', { device_id: 'a', nmae: 'b' }),
    // @ts-expect-error A function that answers with rows.
    () => call('my_tenants', undefined),
  ];
  expect(wrong).toHaveLength(7);
});
