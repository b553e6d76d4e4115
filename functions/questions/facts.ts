// The facts of a question, read by the API with the token of the person who asks: it verifies the token, and row-level security decides what
// they see. This process needs no key that signs tokens, and no right to a tenant's rows.
import * as z from 'zod';
import type { Question } from '../../domain/questions.ts';
import type { QuestionSettings } from '../settings/questions.ts';
import { readBounded } from './bounded.ts';
import { Refused } from './refused.ts';

const FACTS = z.object({
  tenant_id: z.uuid(),
  user_id: z.uuid(),
  device_id: z.uuid().nullable(),
  facts: z.record(z.string(), z.unknown()),
});

/** What the person may see of it. */
export type Found = z.output<typeof FACTS>;

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 262_144;

/** HTTP status by the SQLSTATE with which the database refuses. */
const STATUS: Record<string, number> = { '42501': 403, '28000': 401, P0002: 404, '22023': 400, '22P02': 400 };

/** @param token the person's access token. @throws Refused. */
export async function findFacts(
  { apiUrl, apiKey }: Pick<QuestionSettings, 'apiUrl' | 'apiKey'>,
  { kind, id }: Question,
  token: string,
): Promise<Found> {
  try {
    const response = await fetch(`${apiUrl}/rest/v1/rpc/question_facts`, {
      method: 'POST',
      headers: { apikey: apiKey, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind, subject_id: id }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = JSON.parse(await readBounded(response.body, MOST_BYTES));
    if (response.ok) return FACTS.parse(body);
    const status = response.status === 401 ? 401 : STATUS[body?.code];
    if (status === undefined) throw new Error(`the API answered ${response.status}`);
    // In the words of the database's own functions.
    throw new Refused(status, status === 401 ? 'Your session has ended.' : String(body.message), {
      hint: typeof body.hint === 'string' ? body.hint : undefined,
    });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(503, 'The facts could not be read.', { hint: 'Try again in a minute.', cause: error });
  }
}
