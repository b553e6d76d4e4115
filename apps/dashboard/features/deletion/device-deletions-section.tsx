'use client';
// Devices that are being deleted with their readings, and how far that is.
import { t } from '../../language/translate.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago, useNow } from '../../ui/time.tsx';
import { useDeletions } from './use-deletions.ts';
import { describeProgress } from './words.ts';

export function DeviceDeletionsSection() {
  const { data = [] } = useDeletions();
  const now = new Date(useNow(10) * 1000);
  const devices = data.filter(({ kind }) => kind === 'device');
  if (devices.length === 0) return null;
  return (
    <Section title={t('Devices deleted with their readings')} flush>
      <DataTable
        caption={t('Devices deleted with their readings')}
        rows={devices}
        keyOf={({ id }) => id}
        columns={[
          { header: t('Device'), title: true, cell: ({ subject }) => subject ?? t('A device') },
          { header: t('Asked for'), cell: ({ asked_at }) => <Ago at={asked_at} /> },
          { header: t('State'), cell: (deletion) => describeProgress(deletion, now), phone: 'wide' },
        ]}
      />
    </Section>
  );
}
