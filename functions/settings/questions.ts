// The settings of questions: the provider of the language model, what it may cost, and the API that reads a tenant's facts as the person
// who asks. No QUESTIONS_URL: nobody can ask.
import * as z from 'zod';
import { MICROS } from '../../domain/questions.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read, reading, wholeNumber } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** A model, with its price in US dollars a million tokens: what goes in, and what comes out. */
export interface Model {
  name: string;
  usdIn: number;
  usdOut: number;
}

/** The settings. */
export interface QuestionSettings extends DatabaseSettings, LogSettings {
  /** Base of the OpenAI-compatible API, without a slash at the end. */
  url: string;
  key: string;
  /** The cheapest first. */
  models: Model[];
  /** Day of the prices, YYYY-MM-DD. */
  pricesFrom: string;
  /** Where PostgREST is (`/rest/v1` below it), and its publishable key. */
  apiUrl: string;
  apiKey: string;
  /** Of a tenant and UTC day or month, and of the platform; money in millionths of a US dollar. */
  caps: {
    tokens_day: number;
    tokens_month: number;
    micros_day: number;
    micros_month: number;
    platform_micros_month: number;
  };
}

const url = z.string().transform(reading((text) => checkUrl(text)));
/** Also that of another container, whose name has no dot. */
const apiUrl = z.string().transform(reading((text) => checkUrl(text, /^[\w-]+$/)));
const usd = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be US dollars, such as 12.50')
  .transform((dollars) => Math.round(Number(dollars) * MICROS));

const FIELDS = {
  ...DATABASE_FIELDS,
  ...LOG_FIELDS,
  QUESTIONS_URL: url,
  // What else a header cannot hold would be quoted by an error.
  QUESTIONS_KEY: z
    .string({ error: "is missing: set the provider's key" })
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without space'),
  QUESTIONS_MODELS: z
    .string({ error: 'is missing: set models and their prices, such as small=0.15/0.60' })
    .transform(reading(readModels)),
  QUESTIONS_PRICES_FROM: z.iso.date('must be the day of the prices, YYYY-MM-DD'),
  QUESTIONS_API_URL: apiUrl,
  QUESTIONS_PUBLISHABLE_KEY: z
    .string({ error: 'is missing: set the publishable key of the API' })
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without space'),
  QUESTIONS_TOKENS_DAY: wholeNumber(0, 999_999_999, 100_000),
  QUESTIONS_TOKENS_MONTH: wholeNumber(0, 999_999_999, 1_000_000),
  QUESTIONS_USD_DAY: usd.default(0.1 * MICROS),
  QUESTIONS_USD_MONTH: usd.default(1 * MICROS),
  QUESTIONS_PLATFORM_USD_MONTH: usd.default(10 * MICROS),
};

/** Reads them; undefined without QUESTIONS_URL. @throws SettingsError listing every missing or bad setting at once. */
export function readQuestionSettings(environment: Environment = process.env): QuestionSettings | undefined {
  if (!environment.QUESTIONS_URL) return undefined;
  const values = read(FIELDS, environment);
  return {
    ...databaseOf(values),
    ...logOf(values),
    url: values.QUESTIONS_URL,
    key: values.QUESTIONS_KEY,
    models: values.QUESTIONS_MODELS,
    pricesFrom: values.QUESTIONS_PRICES_FROM,
    apiUrl: values.QUESTIONS_API_URL,
    apiKey: values.QUESTIONS_PUBLISHABLE_KEY,
    caps: {
      tokens_day: values.QUESTIONS_TOKENS_DAY,
      tokens_month: values.QUESTIONS_TOKENS_MONTH,
      micros_day: values.QUESTIONS_USD_DAY,
      micros_month: values.QUESTIONS_USD_MONTH,
      platform_micros_month: values.QUESTIONS_PLATFORM_USD_MONTH,
    },
  };
}

/** @param plain hosts that plain HTTP may lead to, beside this machine. */
function checkUrl(text: string, plain?: RegExp): string {
  const parsed = URL.parse(text);
  const isNear =
    parsed?.protocol === 'http:' &&
    (['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname) || plain?.test(parsed.hostname));
  if (!parsed || (parsed.protocol !== 'https:' && !isNear) || parsed.username || parsed.search || parsed.hash)
    throw new Error('must be an https address without user, query or fragment (http for this machine only)');
  return text.replace(/\/+$/, '');
}

function readModels(text: string): Model[] {
  const models = text.split(',').map((entry) => {
    const [, name, usdIn, usdOut] = /^\s*([\w.:/@-]{1,100})=(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)\s*$/.exec(entry) ?? [];
    if (name === undefined) throw new Error('must be models like small=0.15/0.60, with commas between them');
    return { name, usdIn: Number(usdIn), usdOut: Number(usdOut) };
  });
  if (models.length > 8) throw new Error('names more than 8 models');
  return models.sort((a, b) => a.usdIn + a.usdOut - (b.usdIn + b.usdOut));
}
