// One question from its token to its answer: facts as the person, a reserved call of the cheapest model, settled whatever becomes of it.
import type { Answer, Question } from '../../domain/questions.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic } from '../runtime/retry.ts';
import type { Model, QuestionSettings } from '../settings/questions.ts';
import type { Budget, Reserved } from './budget.ts';
import { type Found, findFacts } from './facts.ts';
import {
  ANSWER_TOKENS,
  costOf,
  type Facts,
  fitFacts,
  keyOf,
  type Message,
  messagesFor,
  mostTokensIn,
  readAnswer,
} from './prompt.ts';
import { type Complete, Trouble } from './provider.ts';
import { Refused } from './refused.ts';

/** What asking needs. */
export interface Asking {
  settings: Pick<QuestionSettings, 'apiUrl' | 'apiKey' | 'models'>;
  budget: Budget;
  complete: Complete;
  log: Logger;
  /** Before the calls for a tenant; returns what ends them. @throws Refused where as many run already. */
  acquire: (tenant: string) => () => void;
  /** Milliseconds for the calls of models. Default: 25 seconds, well within a reservation's minute. */
  callsMs?: number;
}

const CALLS_MS = 25_000;
/** With less time left, no second model is asked. */
const LEAST_MS = 3_000;
/** The cheapest, and the next one if that fails. */
const MODELS_ASKED = 2;

/** @param token of the person. @throws Refused. */
export async function ask(asking: Asking, question: Question, token: string): Promise<Answer> {
  const { settings, acquire } = asking;
  const found = await findFacts(settings, question, token);
  const release = acquire(found.tenant_id);
  try {
    return await askModels(asking, question, found);
  } finally {
    release();
  }
}

async function askModels(asking: Asking, question: Question, found: Found): Promise<Answer> {
  const { settings, log, callsMs = CALLS_MS } = asking;
  const facts = fitFacts(found.facts);
  const messages = messagesFor(facts, question.language);
  const ends = monotonic() + callsMs;
  let trouble: Trouble | undefined;
  for (const model of settings.models.slice(0, MODELS_ASKED)) {
    const leftMs = ends - monotonic();
    if (trouble && (!trouble.another || leftMs < LEAST_MS)) break;
    const outcome = await askModel(asking, { question, found, facts, messages, model, leftMs });
    if (!(outcome instanceof Trouble)) return outcome;
    trouble = outcome;
    log.warn({ tenant: found.tenant_id, model: model.name, trouble: outcome.message }, 'a model did not answer');
  }
  throw new Refused(502, trouble?.message ?? 'No model is configured.', { hint: 'Try again in a minute.' });
}

interface Call {
  question: Question;
  found: Found;
  facts: Facts;
  messages: readonly Message[];
  model: Model;
  leftMs: number;
}

/** @throws Refused where another model would be refused, too; database errors. */
async function askModel({ budget, complete, log }: Asking, call: Call): Promise<Answer | Trouble> {
  const { question, found, facts, messages, model, leftMs } = call;
  const mostIn = mostTokensIn(messages);
  const worst = costOf(model, mostIn, ANSWER_TOKENS);
  const reserved = await budget.reserve(found, { kind: question.kind, key: keyOf(messages), model: model.name, worst });
  if ('answer' in reserved)
    return { ...answered(reserved.answer, reserved.model, facts), answeredAt: reserved.answered_at, cached: true };
  if ('refused' in reserved) throw refusalOf(reserved);
  if (!(await budget.send(reserved.reserved)))
    throw new Refused(503, 'The question waited too long, or questions were switched off meanwhile: it was not sent.');
  const began = monotonic();
  try {
    const { text, tokensIn, tokensOut } = await complete(model.name, messages, AbortSignal.timeout(Math.ceil(leftMs)));
    const answer = readAnswer(text);
    // More than can be is not what it cost. What is not known counts at its worst.
    const isCredible = (tokensIn ?? mostIn + 1) <= mostIn && (tokensOut ?? ANSWER_TOKENS + 1) <= ANSWER_TOKENS;
    const cost = isCredible ? costOf(model, tokensIn as number, tokensOut as number) : undefined;
    await budget.settle(reserved.reserved, cost, answer || undefined);
    const { tokens, micros } = cost ?? worst;
    log.info(
      {
        tenant: found.tenant_id,
        kind: question.kind,
        model: model.name,
        tokens,
        micros,
        isCredible,
        ms: Math.round(monotonic() - began),
      },
      'a question was answered',
    );
    if (answer === '') return new Trouble('The provider sent no answer.', { mayCost: true, another: true });
    return { ...answered(answer, model.name, facts), tokens, usd: micros / 1e6 };
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    await budget.settle(reserved.reserved, error.mayCost ? undefined : { tokens: 0, micros: 0 }, undefined);
    return error;
  }
}

const answered = (answer: string, model: string, facts: Facts): Answer => ({
  answer,
  model,
  answeredAt: new Date().toISOString(),
  cached: false,
  tokens: 0,
  usd: 0,
  facts,
});

const CAPS = {
  'tenant day': 'This tenant has used what it may spend on questions today.',
  'tenant month': 'This tenant has used what it may spend on questions this month.',
  'platform month': 'The platform has used what it may spend on questions this month.',
};

function refusalOf({ refused, until }: Extract<Reserved, { refused: string }>): Refused {
  if (refused === 'off')
    return new Refused(403, 'Questions are off for this tenant.', {
      hint: 'An owner can switch them on in the settings.',
    });
  const time = until ? new Date(until) : undefined;
  if (refused === 'asked')
    return new Refused(409, 'The same is being asked at this moment.', { hint: 'Ask again in a minute.', until: time });
  if (!time)
    return new Refused(429, 'One question is more than may be spent on questions.', {
      hint: "The platform's operator can raise the cap.",
    });
  return new Refused(429, CAPS[refused], { hint: 'What was answered before can still be asked.', until: time });
}

/** An error as it may be logged. */
export const whyOf = (error: unknown) => summarizeError(error instanceof Refused ? (error.cause ?? error) : error);
