// A provider of language models, by OpenAI's chat completions over HTTP, which others speak, too:
// https://platform.openai.com/docs/api-reference/chat. Whatever it does, a call ends within its time and its answer is bounded.
import type { QuestionSettings } from '../settings/questions.ts';
import { readBounded, TooLong } from './bounded.ts';
import { ANSWER_TOKENS, type Message } from './prompt.ts';

/** What a model said, and the tokens that the provider counts; undefined where it does not say. */
export interface Completion {
  text: string;
  tokensIn: number | undefined;
  tokensOut: number | undefined;
}

/** Asks one model once. @throws Trouble. */
export type Complete = (model: string, messages: readonly Message[], signal: AbortSignal) => Promise<Completion>;

/** A call that failed. The message is for people, and holds nothing of the key or of what the provider said. */
export class Trouble extends Error {
  override name = 'Trouble';
  /** False: the provider has certainly not worked on it, so that it cost nothing. */
  readonly mayCost: boolean;
  /** Another model may do better. */
  readonly another: boolean;

  constructor(message: string, { mayCost, another }: { mayCost: boolean; another: boolean }) {
    super(message);
    this.mayCost = mayCost;
    this.another = another;
  }
}

/** Largest answer that is read: {@link ANSWER_TOKENS} tokens are a few kilobytes. */
const MOST_BYTES = 65_536;

/** Errors before a connection stands. */
const NOT_CONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** The provider of these settings. */
export function makeProvider({ url, key }: Pick<QuestionSettings, 'url' | 'key'>): Complete {
  return async (model, messages, signal) => {
    try {
      const response = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ model, messages, max_tokens: ANSWER_TOKENS, stream: false }),
        // Only this address gets the key and the facts.
        redirect: 'error',
        signal,
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw refusalOf(response.status);
      }
      return readCompletion(await readBounded(response.body, MOST_BYTES));
    } catch (error) {
      throw troubleOf(error);
    }
  };
}

function refusalOf(status: number): Trouble {
  // Refused before it works: too many requests, a bad key, no such model. A 400 may be a content filter's, which a tenant's text can cause
  // and Azure bills: https://learn.microsoft.com/answers/questions/1632971/does-azure-open-ai-charge-for-ratelimit-error-or-a.
  const mayCost = ![401, 403, 404, 429].includes(status);
  const what = status === 429 ? 'is busy' : status === 401 || status === 403 ? 'refuses the key of this platform' : '';
  return new Trouble(`The provider ${what || `answered ${status}`}.`, {
    mayCost,
    another: status !== 401 && status !== 403,
  });
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  if (error instanceof TooLong)
    return new Trouble('The provider sent more than an answer.', { mayCost: true, another: true });
  const { name, cause } = error as { name: string; cause?: { code?: string } };
  if (name === 'TimeoutError' || name === 'AbortError')
    return new Trouble('The provider did not answer in time.', { mayCost: true, another: false });
  const mayCost = !NOT_CONNECTED.includes(cause?.code ?? '');
  return new Trouble('The provider was not reached.', { mayCost, another: true });
}

/** Reads what may be anything. */
function readCompletion(body: string): Completion {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    throw new Trouble('The provider sent no JSON.', { mayCost: true, another: true });
  }
  const { choices, usage } = (answer ?? {}) as { choices?: unknown; usage?: unknown };
  const message = Array.isArray(choices) ? choices[0]?.message : undefined;
  const text = typeof message?.content === 'string' ? message.content : '';
  const count = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
  const { prompt_tokens, completion_tokens } = (usage ?? {}) as Record<string, unknown>;
  return { text, tokensIn: count(prompt_tokens), tokensOut: count(completion_tokens) };
}
