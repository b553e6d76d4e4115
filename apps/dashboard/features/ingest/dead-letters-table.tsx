'use client';
import { foreign, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Ago } from '../../ui/time.tsx';
import type { DeadLetter } from './dead-letters.ts';
import styles from './dead-letters-table.module.css';
import { LetterState } from './letter-state.tsx';

interface Props {
  letters: DeadLetter[];
  selected: ReadonlySet<number>;
  onToggle: (id: number) => void;
  onView: (letter: DeadLetter) => void;
}

/** Newest first, as given. */
export function DeadLettersTable({ letters, selected, onToggle, onView }: Props) {
  const columns: Column<DeadLetter>[] = [
    {
      header: t('Reason'),
      title: true,
      cell: (letter) => (
        <label className={styles.reason}>
          <input
            type="checkbox"
            aria-label={t('Select {reason} {id}', { reason: letter.reason, id: letter.id })}
            checked={selected.has(letter.id)}
            onChange={() => onToggle(letter.id)}
          />
          {letter.reason}
          {letter.readings > 1 && ` ${t('({count} readings)', { count: letter.readings })}`}
        </label>
      ),
    },
    {
      header: t('Explanation'),
      phone: 'wide',
      cell: ({ detail }) => <span className={styles.detail}>{detail && foreign(detail)}</span>,
    },
    { header: t('Device'), cell: ({ topic }) => <code className={styles.topic}>{deviceOf(topic)}</code> },
    { header: t('Received'), cell: ({ received_at }) => <Ago at={received_at} /> },
    { header: t('State'), phone: 'corner', cell: (letter) => <LetterState letter={letter} /> },
    {
      header: t('Actions'),
      silent: true,
      cell: (letter) => (
        <Button
          variant="quiet"
          aria-label={t('View dead letter {id}', { id: letter.id })}
          onClick={() => onView(letter)}
        >
          {t('View')}
        </Button>
      ),
    },
  ];
  return <DataTable caption={t('Dead letters')} columns={columns} rows={letters} keyOf={({ id }) => String(id)} />;
}

/** The device's part of a topic, or the whole when it has none. */
const deviceOf = (topic: string) => /\/devices\/([^/]+)/.exec(topic)?.[1] ?? topic;
