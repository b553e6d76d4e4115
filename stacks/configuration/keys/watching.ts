// Logs, alerts and the budget.
import { flag, listOf, mailbox, number, oneOf, text, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

/** As functions/settings/metrics-path.ts reads it. */
const METRICS_PATH = /^api\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;

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
      'Log volume accepted per day, GB, 0.023 to 100. The rest of the day is not logged, and the alert `ingest-silent` fires. The default stays within the 5 GB a month that are free.',
    example: '0.15',
  }),
  logAlertMinutes: key(oneOf(['5', '10', '15']).default('15'), {
    description:
      'Minutes between two evaluations of the two alerts on the log. A month costs 1.00 USD with 15, 2.00 with 10, 3.00 with 5.',
    example: '5',
  }),
  machineAlerts: key(flag.default(false), {
    description:
      'Alerts on what the broker machine says of itself every minute: database and broker down, disks, queue, certificate, copies. 0.10 USD a month each, 1.00 together.',
    example: 'true',
  }),
  webTestMinutes: key(oneOf(['off', '5', '10', '15']).default('off'), {
    description:
      'Minutes between two requests of the health page from outside, by Azure’s web test, with an alert. A month costs 1.98 USD with 15, 5.75 with 5, and a second of the Function App a request.',
    example: '15',
  }),
  metrics: key(flag.default(false), {
    description:
      'Serve metrics for Prometheus on the Function App, to those who have the function’s key: `docs/monitoring.md`. Each scrape costs a second of the Function App.',
    example: 'true',
  }),
  metricsPath: key(text.regex(METRICS_PATH, 'is not a path below api/').default('api/metrics'), {
    description: 'Path of the metrics, below `api/`.',
    example: 'api/metrics',
  }),
  databaseLimitMb: key(wholeNumber(100, 100_000_000).default(500), {
    description:
      'Size at which the database is full, MB: 500 on Supabase’s Free plan, 8000 on Pro. The alert `database-full` tells of it 14 days before.',
    example: '8000',
  }),
};
