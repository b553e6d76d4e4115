// Questions about a tenant's own data: what can be asked, and what comes back.
import type { Language } from './languages.ts';

/** `alert`: why an alert opened. `device`, `tenant`: what changed in the last seven days. */
export const QUESTION_KINDS = ['alert', 'device', 'tenant'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** Money is counted in millionths of a US dollar: a price of 1 USD a million tokens is 1 a token. */
export const MICROS = 1_000_000;

/** Names of the settings of questions that an operator chooses; the key comes apart from them. */
export const QUESTION_SETTINGS = [
  'QUESTIONS_URL',
  'QUESTIONS_MODELS',
  'QUESTIONS_PRICES_FROM',
  'QUESTIONS_TOKENS_DAY',
  'QUESTIONS_TOKENS_MONTH',
  'QUESTIONS_USD_DAY',
  'QUESTIONS_USD_MONTH',
  'QUESTIONS_PLATFORM_USD_MONTH',
] as const;

/** What `POST /api/questions` takes. */
export interface Question {
  kind: QuestionKind;
  /** Of the alert, the device or the tenant. */
  id: string;
  language: Language;
}

/** What it answers with 200. */
export interface Answer {
  /** Plain text of at most {@link ANSWER_CHARACTERS}. A model wrote it: show it as text only. */
  answer: string;
  model: string;
  /** When the model answered, ISO 8601. */
  answeredAt: string;
  /** Answered before, from the same facts: it cost nothing now. */
  cached: boolean;
  /** What it cost now. */
  tokens: number;
  usd: number;
  /** All that the model was given. */
  facts: Record<string, unknown>;
}

/** What it answers otherwise. */
export interface Refusal {
  /** A sentence for people. */
  error: string;
  /** What they can do. */
  hint?: string;
  /** When it can be asked again, ISO 8601. */
  until?: string;
}

/** Longest answer that is shown. */
export const ANSWER_CHARACTERS = 2_000;
