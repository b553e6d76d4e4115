// What is to be done in a new tenant, and what of it is done, from the state of the database.
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
    { name: 'Add a device', hint: 'It gets a key, shown once.', done: used('max_devices') > 0 },
    { name: 'Connect it', hint: 'With the settings beside its key. Any message counts.', done: statuses.length > 0 },
    {
      name: 'See its first reading',
      hint: 'A JSON object such as {"temperature": 21.5}. What is refused is on the page Ingest.',
      href: '/admin/ingest',
      done: statuses.some(({ newest }) => newest.length > 0),
    },
    {
      name: 'Make an alert rule',
      hint: 'A threshold, a rate, or silence.',
      href: '/admin/alerts',
      done: used('max_rules') > 0,
    },
    {
      name: 'Add a channel',
      hint: 'Where alerts are sent: mail, webhook, chat.',
      href: '/admin/notifications',
      done: used('max_channels') > 0,
    },
    ...(canInvite
      ? [
          {
            name: 'Invite somebody',
            hint: 'As owner, staff or viewer.',
            href: '/admin/users',
            done: used('max_members') > 1 || used('max_invitations') > 0,
          },
        ]
      : []),
  ];
}
