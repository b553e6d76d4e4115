'use client';
// A device's last readings: their first fields, and the whole of one at a click.
import dynamic from 'next/dynamic';
import { memo, useState } from 'react';
import { t } from '../../language/translate.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatClock } from '../../ui/format.ts';
import { Ago, useToday } from '../../ui/time.tsx';
import { exactly } from './field-names.ts';
import { fieldsOf } from './fields.ts';
import type { Reading } from './readings.ts';
import styles from './readings-table.module.css';
import { useFieldWords } from './use-field-names.ts';

// Without `ssr: false` the whole page is hidden until the dialog is there.
const ReadingDialog = dynamic(() => import('./reading-dialog.tsx').then(({ ReadingDialog }) => ReadingDialog), {
  ssr: false,
});

/** Fields of a line. */
const SHOWN = 8;

/** Redrawn only when the readings change. @param most lines. */
export const ReadingsTable = memo(function ReadingsTable({ readings, most }: { readings: Reading[]; most: number }) {
  const today = useToday();
  const [opened, setOpened] = useState<Reading>();
  const columns: Column<Reading>[] = [
    {
      header: t('Device time'),
      title: true,
      cell: ({ ts }) => <time dateTime={ts}>{formatClock(new Date(ts), today)}</time>,
    },
    {
      header: t('Reading'),
      phone: 'wide',
      cell: (reading) => <Values payload={reading.payload} onOpen={() => setOpened(reading)} />,
    },
    { header: t('Received'), phone: 'corner', numeric: true, cell: ({ received_at }) => <Ago at={received_at} /> },
  ];
  return (
    <>
      <DataTable
        caption={t('Last readings')}
        columns={columns}
        rows={readings.slice(0, most)}
        keyOf={({ ts, message_id }) => `${ts} ${message_id}`}
      />
      {opened && <ReadingDialog reading={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
});

function Values({ payload, onOpen }: { payload: unknown; onOpen: () => void }) {
  const wordsOf = useFieldWords();
  const fields = fieldsOf(payload);
  const more = fields.length - SHOWN;
  return (
    <span className={styles.values}>
      {fields.slice(0, SHOWN).map(({ field, value }) => {
        const { label, write } = wordsOf(field);
        return (
          <span key={field} title={exactly(value)}>
            <span>{label}</span> {write(value)}
          </span>
        );
      })}
      <button type="button" className={styles.open} onClick={onOpen}>
        {more > 0 ? t('+{more} more', { more }) : t('Show')}
        <span className="visually-hidden"> {t('reading')}</span>
      </button>
    </span>
  );
}
