'use client';
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
      header: 'Reason',
      title: true,
      cell: (letter) => (
        <label className={styles.reason}>
          <input
            type="checkbox"
            aria-label={`Select ${letter.reason} ${letter.id}`}
            checked={selected.has(letter.id)}
            onChange={() => onToggle(letter.id)}
          />
          {letter.reason}
          {letter.readings > 1 && ` (${letter.readings} readings)`}
        </label>
      ),
    },
    { header: 'Explanation', phone: 'wide', cell: ({ detail }) => <span className={styles.detail}>{detail}</span> },
    { header: 'Device', cell: ({ topic }) => <code className={styles.topic}>{deviceOf(topic)}</code> },
    { header: 'Received', cell: ({ received_at }) => <Ago at={received_at} /> },
    { header: 'State', phone: 'corner', cell: (letter) => <LetterState letter={letter} /> },
    {
      header: 'Actions',
      silent: true,
      cell: (letter) => (
        <Button variant="quiet" aria-label={`View dead letter ${letter.id}`} onClick={() => onView(letter)}>
          View
        </Button>
      ),
    },
  ];
  return <DataTable caption="Dead letters" columns={columns} rows={letters} keyOf={({ id }) => String(id)} />;
}

/** The device's part of a topic, or the whole when it has none. */
const deviceOf = (topic: string) => /\/devices\/([^/]+)/.exec(topic)?.[1] ?? topic;
