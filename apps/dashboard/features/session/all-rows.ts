// The API answers with so many rows at most, without saying that there are more.
import { type Answer, unwrap } from './errors.ts';

/** Rows a question: Supabase's own bound (Settings > API > Max rows). */
const PAGE = 1000;

/** Part of a question: which of its rows, first and last included. */
interface Ranged {
  range(from: number, to: number): PromiseLike<Answer>;
}

/** Asks until a page is not full. @param question makes the question anew; its order must be fixed. @throws ApiError. */
export async function allRows<Row>(question: () => Ranged): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = unwrap<Row[]>(await question().range(rows.length, rows.length + PAGE - 1));
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}
