// Notifications, newest first: what was told to whom, when, and what became of it.
import { foreign, rich, t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Ago } from '../../ui/time.tsx';
import styles from './notifications.module.css';
import type { Notification } from './outbox.ts';
import { useChannelNames } from './use-notifications.ts';
import { aboutWords, outcome, tellsWords } from './words.ts';

interface Props {
  caption: string;
  notifications: Notification[];
  /** All of one alert: what they are about needs no saying. */
  ofOneAlert?: boolean;
}

export function NotificationTable({ caption, notifications, ofOneAlert }: Props) {
  const nameOf = useChannelNames();
  const columns: Column<Notification>[] = [
    {
      header: t('Told'),
      title: true,
      cell: (notification) => (
        <span className={styles.two}>
          {tellsWords(notification)}
          {!ofOneAlert && <small>{aboutWords(notification)}</small>}
        </span>
      ),
    },
    { header: t('Channel'), cell: ({ channel_id }) => nameOf(channel_id) },
    { header: t('When'), cell: (notification) => <When notification={notification} /> },
    {
      header: t('Outcome'),
      phone: 'corner',
      cell: (notification) => {
        const { word, tone } = outcome(notification);
        return <Badge tone={tone}>{word}</Badge>;
      },
    },
    {
      header: t('Attempts'),
      phone: 'wide',
      cell: ({ attempts, error, state }) => (
        <span className={styles.two}>
          {t('{attempts, plural, one {# attempt} other {# attempts}}', { attempts })}
          {error && <small className={state === 'cancelled' ? undefined : styles.error}>{foreign(error)}</small>}
        </span>
      ),
    },
  ];
  return <DataTable caption={caption} columns={columns} rows={notifications} keyOf={({ id }) => id} />;
}

/** When it ended; of one that waits, when it is due. */
function When({ notification: { state, finished_at, due_at } }: { notification: Notification }) {
  if (state !== 'waiting') return <Ago at={finished_at ?? due_at} />;
  return <span>{rich('due {ago}', { ago: <Ago at={due_at} /> })}</span>;
}
