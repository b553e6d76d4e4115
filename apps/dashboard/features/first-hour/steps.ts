// What is to be done in a new tenant, and what of it is done, from the state of the database.
import { t } from '../../language/translate.ts';
import type { LimitInUse } from '../tenants/tenants.ts';

/** What is known. */
interface Known {
  limits: LimitInUse[];
  /** Of each device that sent something: the newest fields. */
  statuses: { newest: unknown[] }[];
  canInvite: boolean;
}

interface Step {
  name: string;
  /** Where it is done; undefined: on this page. */
  href?: string;
  hint: string;
  done: boolean;
}

/** In order. */
export function firstSteps({ limits, statuses, canInvite }: Known): Step[] {
  const used = (limit: string) => limits.find(({ name }) => name === limit)?.used ?? 0;
  return [
    { name: t('Add a device'), hint: t('It gets a key, shown once.'), done: used('max_devices') > 0 },
    {
      name: t('Connect it'),
      hint: t('With the settings beside its key. Any message counts.'),
      done: statuses.length > 0,
    },
    {
      name: t('See its first reading'),
      hint: t('A JSON object such as {example}. What is refused is on the page Ingest.', {
        example: '{"temperature": 21.5}',
      }),
      href: '/admin/ingest',
      done: statuses.some(({ newest }) => newest.length > 0),
    },
    {
      name: t('Make an alert rule'),
      hint: t('A threshold, a rate, or silence.'),
      href: '/admin/alerts',
      done: used('max_rules') > 0,
    },
    {
      name: t('Add a channel'),
      hint: t('Where alerts are sent: mail, webhook, chat.'),
      href: '/admin/notifications',
      done: used('max_channels') > 0,
    },
    ...(canInvite
      ? [
          {
            name: t('Invite somebody'),
            hint: t('As owner, staff or viewer.'),
            href: '/admin/users',
            done: used('max_members') > 1 || used('max_invitations') > 0,
          },
        ]
      : []),
  ];
}
