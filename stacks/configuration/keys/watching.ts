// What is logged, who is told, and what it may cost.
import { listOf, mailbox, number, oneOf, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

/** The keys, each with its rule, default and description. */
export const watchingKeys = {
  logLevel: key(oneOf(['debug', 'info']).default('info'), {
    description: 'Least severity that is logged. The alerts read each run’s summary, which is `info`.',
    example: 'info',
  }),
  alertEmails: key(listOf(mailbox), {
    description: 'Mailboxes that alerts and the budget write to.',
    example: 'platform@example.com',
  }),
  monthlyBudget: key(wholeNumber(1, 100_000).default(40), {
    description:
      'What the environment may cost a month, in the currency the subscription is billed in. Mail at 50, 80 and 100 % of it, and when the forecast reaches it. Over 200, set `cap` of the policy `governance-budget` too.',
    example: '40',
  }),
  logRetentionDays: key(wholeNumber(30, 730).default(30), {
    description: 'How long logs are kept, days, 30 to 730. The first 31 are free.',
    example: '30',
  }),
  logDailyCapGb: key(number(0.023, 100).default(0.15), {
    description:
      'Log taken in a day, GB, 0.023 to 100; the rest of the day is not written, and the alert `ingest-stalled` fires. The default stays within the 5 GB a month that are free.',
    example: '0.15',
  }),
};
