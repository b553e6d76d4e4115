'use client';
// A device's last readings as they were sent.
import { memo } from 'react';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatClock, readingFields } from '../../ui/format.ts';
import { Ago, useToday } from '../../ui/time.tsx';
import type { Reading } from './readings.ts';
import styles from './readings-table.module.css';

/** Redrawn only when the readings change. @param most lines. */
export const ReadingsTable = memo(function ReadingsTable({ readings, most }: { readings: Reading[]; most: number }) {
  const today = useToday();
  const columns: Column<Reading>[] = [
    {
      header: 'Device time',
      title: true,
      cell: ({ ts }) => <time dateTime={ts}>{formatClock(new Date(ts), today)}</time>,
    },
    { header: 'Reading', phone: 'wide', cell: ({ payload }) => <Values payload={payload} /> },
    { header: 'Received', phone: 'corner', numeric: true, cell: ({ received_at }) => <Ago at={received_at} /> },
  ];
  return (
    <DataTable
      caption="Last readings"
      columns={columns}
      rows={readings.slice(0, most)}
      keyOf={({ ts, message_id }) => `${ts} ${message_id}`}
    />
  );
});

function Values({ payload }: { payload: unknown }) {
  const fields = readingFields(payload, 8);
  return (
    <span className={styles.values}>
      {fields.map(({ field, value }) => (
        <span key={field}>
          <span>{field}</span> {value}
        </span>
      ))}
    </span>
  );
}
