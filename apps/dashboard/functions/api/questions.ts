// POST /api/questions: forwards a question to the functions. So it has the dashboard's own origin: no other site may send one, and the
// Content-Security-Policy needs no exception.
import { type Context, PLAIN_HEADERS } from '../context.ts';

/** Largest question, in bytes. */
const MOST_BYTES = 500;
const TIMEOUT_MS = 60_000;

/** What the functions answer; 404 where there are no questions. */
export async function onRequestPost({ request, env }: Context): Promise<Response> {
  if (!env.QUESTIONS_URL) return refuse(404, 'This platform answers no questions.');
  const body = await request.arrayBuffer();
  if (body.byteLength > MOST_BYTES) return refuse(413, 'This is not a question.');
  try {
    const answer = await fetch(env.QUESTIONS_URL, {
      method: 'POST',
      headers: { authorization: request.headers.get('authorization') ?? '', 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const retry = answer.headers.get('retry-after');
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...PLAIN_HEADERS, 'content-type': 'application/json', ...(retry && { 'retry-after': retry }) },
    });
  } catch {
    return refuse(503, 'Questions do not work at the moment.');
  }
}

const refuse = (status: number, error: string) => Response.json({ error }, { status, headers: PLAIN_HEADERS });
