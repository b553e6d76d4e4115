// What tenants' alerts are sent with.
import { z } from 'zod';
import { hostName, mailbox, text, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

/** The keys, each with its rule, default and description. */
export const notificationKeys = {
  notifyGeneration: key(wholeNumber(1, 1000).default(1), {
    description:
      'Which key opens the secrets of tenants’ notification channels. One more makes a new key; the former one still opens what was sealed for it.',
    example: '2',
  }),
  smtpHost: key(hostName.optional(), {
    description:
      'Mail server for tenants’ alerts. Its password is set by hand as the vault’s secret `smtp-password`. Without it, mail channels say that there is no mail.',
    example: 'smtp.example.com',
  }),
  smtpPort: key(
    wholeNumber(1, 65_535)
      .pipe(z.union([z.literal(465), z.literal(587)], 'is neither 465 nor 587'))
      .default(587),
    {
      description: 'Port of the mail server: 587 (STARTTLS, required) or 465 (TLS). Azure blocks 25.',
      example: '587',
    },
  ),
  smtpUser: key(text.optional(), {
    description: 'User name at the mail server.',
    example: 'alerts@example.com',
  }),
  mailFrom: key(mailbox.optional(), {
    description: 'Sender of the mails.',
    example: 'alerts@example.com',
  }),
};
