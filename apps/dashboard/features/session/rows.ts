// How the pages read and write the API's rows; there is no other way. The API cuts an answer at its max rows (Supabase:
// Settings > API > Max rows) without saying so: a list is read in pages until there is no more.
import { type Api, rest } from './clients.ts';
import type { Database } from './database.ts';
import { type Answer, unwrap } from './errors.ts';

export type { Api };

/** Rows asked for at a time; fewer may come. */
const PAGE = 1000;

/** For a list that is read whole: an answer with as many rows as there are needs no second question. */
export const COUNTED = { count: 'exact' } as const;

/** A list as PostgREST's client asks for it, before its order and its bounds. */
interface Question extends PromiseLike<Answer & { data: object[] | null; count?: number | null }> {
  order(column: string, options: { ascending: boolean }): this;
  or(filters: string): this;
  limit(most: number): this;
}

type Rows<Asked extends PromiseLike<Answer>> = NonNullable<Awaited<Asked>['data']>;
type Row<Asked extends PromiseLike<Answer>> = Rows<Asked> extends (infer Each extends object)[] ? Each : never;

/** A row of a query's answer: the columns that it selects, with the catalogue's types. */
export type RowOf<Ask extends (api: Api, ...rest: never[]) => PromiseLike<Answer>> = Row<ReturnType<Ask>>;

/** A row of a function's answer. */
export type FunctionRow<Name extends keyof Functions> = Functions[Name]['Returns'] extends (infer Each)[]
  ? Each
  : never;
type Functions = Database['public']['Functions'];

/**
 * Makes a query; it is called once a page. Write `api: Api` with its type, or TypeScript cannot infer the row before it checks
 * the order. `last` is the row after which the answer begins: a function takes it as an argument, a table ignores it.
 */
type Ask<Asked> = (api: Api, last: Record<string, unknown> | undefined) => Asked;

/** Columns, `name` or `name.desc`, none of them null. */
type Order<Columns> = (`${keyof Columns & string}` | `${keyof Columns & string}.desc`)[];

/**
 * Every row, in order.
 * @param order together unique: a page begins after the last row of the previous one, so that what is added or deleted
 * meanwhile shifts nothing. @throws ApiError, as all below.
 */
export function allRows<Asked extends Question>(ask: Ask<Asked>, order: Order<Row<Asked>>): Promise<Row<Asked>[]> {
  return readRows(ask, order, Number.POSITIVE_INFINITY);
}

/** The first rows in that order, at most `most`, and whether there are more. @param from begin after this row. Default: at the first. */
export async function firstRows<Asked extends Question>(
  ask: Ask<Asked>,
  order: Order<Row<Asked>>,
  most: number,
  from?: Row<Asked>,
): Promise<Part<Row<Asked>>> {
  const rows = await readRows(ask, order, most + 1, from);
  return { rows: rows.slice(0, most), more: rows.length > most };
}

/** Part of a list. */
export interface Part<Each> {
  rows: Each[];
  more: boolean;
}

async function readRows<Asked extends Question>(
  ask: Ask<Asked>,
  order: string[],
  most: number,
  from?: Row<Asked>,
): Promise<Row<Asked>[]> {
  const api = await rest();
  const columns = order.map((each) => ({ column: each.replace(/\.desc$/, ''), ascending: !each.endsWith('.desc') }));
  const rows: Row<Asked>[] = [];
  for (;;) {
    const last = (rows.at(-1) ?? from) as Record<string, unknown> | undefined;
    const wanted = Math.min(PAGE, most - rows.length);
    let question = ask(api, last).limit(wanted);
    for (const { column, ascending } of columns) question = question.order(column, { ascending });
    if (last) question = question.or(after(columns, last));
    const answer = await question;
    const page = unwrap<Row<Asked>[]>(answer);
    rows.push(...page);
    const isWhole = page.length === answer.count && page.length < wanted;
    if (page.length === 0 || isWhole || rows.length >= most) return rows;
  }
}

/** What comes after a row in that order, as PostgREST's `or` has it. */
function after(columns: { column: string; ascending: boolean }[], last: Record<string, unknown>): string {
  const compare = (column: string, how: string) => `${column}.${how}.${quote(last[column])}`;
  return columns
    .map(({ column, ascending }, index) => {
      const before = columns.slice(0, index).map((each) => compare(each.column, 'eq'));
      return `and(${[...before, compare(column, ascending ? 'gt' : 'lt')].join(',')})`;
    })
    .join(',');
}

const quote = (value: unknown) => `"${String(value).replace(/["\\]/g, '\\$&')}"`;

/** The one row there can be: it is asked for by a unique key, or its function answers with one. */
export async function oneRow<Asked extends PromiseLike<Answer>>(
  ask: (api: Api) => Asked,
): Promise<Row<Asked> | undefined> {
  return unwrap<Row<Asked>[]>(await ask(await rest()))[0];
}

/** How many rows there are. @param ask one column, `COUNTED`. */
export async function countRows(ask: (api: Api) => Pick<Question, 'limit'>): Promise<number> {
  const answer = await ask(await rest()).limit(1);
  unwrap(answer);
  return answer.count ?? 0;
}

/** Functions that answer with one value, or with nothing; those that answer with rows are read as lists are. */
type Callable = {
  [Name in keyof Functions]: Functions[Name]['Returns'] extends unknown[] ? never : Name;
}[keyof Functions];

/** Calls a function. @param args none for a function that takes none. @returns its value, if it has one. */
export async function call<Name extends Callable>(
  name: Name,
  ...[args]: Functions[Name]['Args'] extends never ? [] : [args: Functions[Name]['Args']]
): Promise<Functions[Name]['Returns']> {
  return unwrap(await (await rest()).rpc(name, args as never));
}

/** Adds, changes or deletes rows without reading them. */
export async function write(ask: (api: Api) => PromiseLike<Answer>): Promise<void> {
  unwrap(await ask(await rest()));
}
