// The pages' only ways to the API's rows. An answer is cut at the API's max rows (Supabase: Settings > API > Max rows) without
// a word, so a list is read in pages until there is no more, whatever that number is.
import type { PostgrestClient } from '@supabase/postgrest-js';
import { rest } from './clients.ts';
import { type Answer, unwrap } from './errors.ts';

/** Rows asked for at a time; fewer may come. */
export const PAGE = 1000;

/** For a list that is read whole: an answer with as many rows as there are needs no second question. */
export const COUNTED = { count: 'exact' } as const;

/** A list as PostgREST's client asks for it, before its order and its bounds. */
interface Question extends PromiseLike<Answer & { count?: number | null }> {
  order(column: string, options: { ascending: boolean }): this;
  or(filters: string): this;
  limit(most: number): this;
}

/** Makes a question anew. `last` is the row after which its answer begins: a function takes it as an argument, a table ignores it. */
type Ask<Row> = (api: PostgrestClient, last: Row | undefined) => Question;

/**
 * Every row, in order.
 * @param order columns, `name` or `name.desc`; none of them null, and together unique: a page begins after the last row of
 * the one before, so that what is added or deleted meanwhile shifts nothing. @throws ApiError, as all below.
 */
export function allRows<Row extends object>(ask: Ask<Row>, order: string[]): Promise<Row[]> {
  return readRows(ask, order, Number.POSITIVE_INFINITY);
}

/** At most so many rows in that order, and whether there are more. @param from begin after this row. Default: at the first. */
export async function firstRows<Row extends object>(
  ask: Ask<Row>,
  order: string[],
  most: number,
  from?: Row,
): Promise<Part<Row>> {
  const rows = await readRows(ask, order, most + 1, from);
  return { rows: rows.slice(0, most), more: rows.length > most };
}

/** Part of a list. */
export interface Part<Row> {
  rows: Row[];
  more: boolean;
}

async function readRows<Row extends object>(ask: Ask<Row>, order: string[], most: number, from?: Row): Promise<Row[]> {
  const api = await rest();
  const columns = order.map((each) => ({ column: each.replace(/\.desc$/, ''), ascending: !each.endsWith('.desc') }));
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1) ?? from;
    const wanted = Math.min(PAGE, most - rows.length);
    let question = ask(api, last).limit(wanted);
    for (const { column, ascending } of columns) question = question.order(column, { ascending });
    if (last) question = question.or(after(columns, last));
    const answer = await question;
    const page = unwrap<Row[]>(answer);
    rows.push(...page);
    const isWhole = page.length === answer.count && page.length < wanted;
    if (page.length === 0 || isWhole || rows.length >= most) return rows;
  }
}

/** What comes after a row in that order, as PostgREST's `or` has it. */
function after(columns: { column: string; ascending: boolean }[], last: object): string {
  const compare = (column: string, how: string) =>
    `${column}.${how}.${quote((last as Record<string, unknown>)[column])}`;
  return columns
    .map(({ column, ascending }, index) => {
      const before = columns.slice(0, index).map((each) => compare(each.column, 'eq'));
      return `and(${[...before, compare(column, ascending ? 'gt' : 'lt')].join(',')})`;
    })
    .join(',');
}

const quote = (value: unknown) => `"${String(value).replace(/["\\]/g, '\\$&')}"`;

/** The one row there can be: it is asked for by a unique key, or its function answers with one. */
export async function oneRow<Row>(ask: (api: PostgrestClient) => PromiseLike<Answer>): Promise<Row | undefined> {
  return unwrap<Row[]>(await ask(await rest()))[0];
}

/** How many rows there are. @param ask one column, `COUNTED`. */
export async function countRows(ask: (api: PostgrestClient) => Pick<Question, 'limit'>): Promise<number> {
  const answer = await ask(await rest()).limit(1);
  unwrap(answer);
  return answer.count ?? 0;
}

/** Calls a function that answers with one value, or with nothing. */
export async function call<Value = void>(name: string, args: object): Promise<Value> {
  const value = unwrap<Value>(await (await rest()).rpc(name, args));
  if (Array.isArray(value)) throw new Error(`${name}() answers with rows: read them with allRows() or firstRows()`);
  return value;
}

/** Adds, changes or deletes rows without reading them. */
export async function write(ask: (api: PostgrestClient) => PromiseLike<Answer>): Promise<void> {
  unwrap(await ask(await rest()));
}
