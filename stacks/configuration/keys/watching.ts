// Logs, alerts and the budget.
import { listOf, mailbox, number, oneOf, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

/** The keys, each with its rule, default and description. */
export const watchingKeys = {
  logLevel: key(oneOf(['debug', 'info']).default('info'), {
    description:
      'Lowest severity that is logged. Keep `info`: the alerts read the summary of each run, which is logged as `info`.',
    example: 'info',
  }),
  alertEmails: key(listOf(mailbox), {
    description: 'Mailboxes that get mails about alerts and the budget.',
    example: 'platform@example.com',
  }),
  monthlyBudget: key(wholeNumber(1, 100_000).default(40), {
    description:
      'Monthly budget of the environment, in the subscription’s billing currency. A mail is sent at 50, 80 and 100 %, and when the forecast reaches it. Above 200, raise `cap` of the policy `governance-budget`, too.',
    example: '40',
  }),
  logRetentionDays: key(wholeNumber(30, 730).default(30), {
    description: 'Days for which logs are kept, 30 to 730. The first 31 are free.',
    example: '30',
  }),
  logDailyCapGb: key(number(0.023, 100).default(0.15), {
    description:
      'Log volume accepted per day, GB, 0.023 to 100. The rest of the day is not logged, and the alert `ingest-stalled` fires. The default stays within the 5 GB a month that are free.',
    example: '0.15',
  }),
};
