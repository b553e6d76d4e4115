// `POST /api/questions`, for whatever serves it: the Function App's HTTP trigger, or the worker's own server. The dashboard's own origin
// forwards to it; it sends no CORS header, so that no other site's page can use it.
import * as z from 'zod';
import { LANGUAGES, type Language } from '../../domain/languages.ts';
import { QUESTION_KINDS, type Refusal } from '../../domain/questions.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';
import type { QuestionSettings } from '../settings/questions.ts';
import { type Asking, ask, whyOf } from './ask.ts';
import { readBounded, TooLong } from './bounded.ts';
import { openBudget } from './budget.ts';
import { makeConcurrencyLimit } from './concurrency.ts';
import { makeProvider } from './provider.ts';
import { Refused } from './refused.ts';

/** A request, as far as it matters. */
export interface QuestionRequest {
  authorization: string | null;
  body: ReadableStream<Uint8Array> | null;
}

/** An answer: its body is JSON. */
export interface QuestionAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The endpoint of one process. */
export interface Questions {
  answer(request: QuestionRequest, log: Logger): Promise<QuestionAnswer>;
  close(): Promise<void>;
}

const QUESTION = z.strictObject({
  kind: z.enum(QUESTION_KINDS),
  id: z.uuid(),
  language: z.enum(Object.keys(LANGUAGES) as [Language, ...Language[]]),
});
const MOST_BYTES = 500;
/** A token of the auth service is about a kilobyte. */
const TOKEN = /^Bearer ([\w.~+/-]{20,8000}=*)$/;
/** Questions that one process works on, and those of one token: each holds some kilobytes. */
const AT_ONCE = 64;
const AT_ONCE_EACH = 2;
/** Calls of a model, and those for one tenant, from all of its people: each can have many sessions. */
const CALLS = 32;
const CALLS_EACH = 4;
/** No longer than a reservation holds, for everything of the database. */
const DATABASE_MS = 15_000;

/** Connects at the first question. */
export function makeQuestions(settings: QuestionSettings, asking: Partial<Asking> = {}): Questions {
  const database: Database = openDatabase(settings.database, () => DATABASE_MS);
  const budget = openBudget(database);
  const complete = makeProvider(settings);
  const working = makeConcurrencyLimit(AT_ONCE_EACH, AT_ONCE);
  const calling = makeConcurrencyLimit(CALLS_EACH, CALLS);
  let published: Promise<void> | undefined;

  async function work({ authorization, body }: QuestionRequest, log: Logger) {
    const token = TOKEN.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refused(401, 'Sign in to ask.');
    // Before it counts as one that works: a body that does not end must keep nobody else waiting.
    const question = await readQuestion(body);
    const release = working.acquire(token);
    try {
      published ??= budget.publish(settings);
      await published.catch((error: unknown) => {
        published = undefined;
        throw error;
      });
      return await ask({ settings, budget, complete, log, acquire: calling.acquire, ...asking }, question, token);
    } finally {
      release();
    }
  }

  return {
    answer: async (request, log) => {
      try {
        return answerWith(200, await work(request, log));
      } catch (error) {
        const refused = error instanceof Refused ? error : new Refused(503, 'Questions do not work at the moment.');
        if (refused.status >= 500) log.warn({ status: refused.status, error: whyOf(error) }, 'a question failed');
        return answerRefusal(refused);
      }
    },
    close: () => database.close(),
  };
}

async function readQuestion(body: QuestionRequest['body']) {
  try {
    return QUESTION.parse(JSON.parse(await readBounded(body, MOST_BYTES)));
  } catch (error) {
    if (error instanceof TooLong) throw new Refused(413, 'This is not a question.');
    throw new Refused(400, 'This is not a question.', {
      hint: 'Send kind (alert, device, tenant), id and language (en, id).',
    });
  }
}

function answerRefusal({ status, message, hint, until }: Refused): QuestionAnswer {
  const refusal: Refusal = { error: message, ...(hint && { hint }), ...(until && { until: until.toISOString() }) };
  const answer = answerWith(status, refusal);
  if (until) answer.headers['retry-after'] = String(Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1000)));
  return answer;
}

const answerWith = (status: number, body: object): QuestionAnswer => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  body: JSON.stringify(body),
});
