// Questions to a language model: who answers them, and what they may cost.
import { number, text, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

const price = '\\d+(\\.\\d+)?';
const model = `[\\w.:/@-]{1,100}=${price}/${price}`;

/** The keys, each with its rule, default and description. */
export const questionKeys = {
  questionsUrl: key(
    text.regex(/^https:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?$/, 'is not an https address without a query').optional(),
    {
      description:
        'Base of an OpenAI-compatible API that answers [questions](../questions.md). Its key is set by hand as the vault’s secret `questions-key`. Without it nobody can ask; with it, each tenant’s owner decides whether facts of the tenant are sent there.',
      example: 'https://api.openai.com/v1',
    },
  ),
  questionsModels: key(
    text
      .regex(new RegExp(`^${model}(,${model}){0,7}$`), 'is not a list such as small=0.15/0.60,large=2.50/10')
      .optional(),
    {
      description:
        'The models that may be used, at most 8, each with its price in US dollars a million tokens, in and out. The cheapest is asked first.',
      example: 'gpt-4o-mini=0.15/0.60',
    },
  ),
  questionsPricesFrom: key(text.regex(/^20\d\d-[01]\d-[0-3]\d$/, 'is not a day such as 2026-11-01').optional(), {
    description: 'Day on which these prices were read. Tenants see it.',
    example: '2026-11-01',
  }),
  questionsTokensDay: key(wholeNumber(0, 999_999_999).default(100_000), {
    description: 'Most tokens that a tenant’s questions may use on a day of UTC.',
    example: '100000',
  }),
  questionsTokensMonth: key(wholeNumber(0, 999_999_999).default(1_000_000), {
    description: 'Most tokens that a tenant’s questions may use in a month.',
    example: '1000000',
  }),
  questionsUsdDay: key(number(0, 100_000).default(0.1), {
    description: 'Most US dollars that a tenant’s questions may cost on a day.',
    example: '0.10',
  }),
  questionsUsdMonth: key(number(0, 100_000).default(1), {
    description: 'Most US dollars that a tenant’s questions may cost in a month.',
    example: '1',
  }),
  questionsPlatformUsdMonth: key(number(0, 100_000).default(10), {
    description:
      'Most US dollars that all tenants’ questions together may cost in a month. `ops cost` counts it in full.',
    example: '10',
  }),
};
