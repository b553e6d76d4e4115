'use client';
// What the broker refused of the tenant's clients in the last day; absent when it refused nothing.
import { refusalWords } from '../../../../domain/refusals.ts';
import { foreign, t } from '../../language/translate.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { Section } from '../../ui/page.tsx';
import { polled, useSliced } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { type Refused, refusedLastDay } from './refusals.ts';

const columns = (): Column<Refused>[] => [
  { header: t('What'), title: true, cell: ({ reason }) => foreign(refusalWords(reason)) },
  { header: t('Times'), numeric: true, cell: ({ times }) => formatNumber(times) },
  { header: t('Last in the hour from'), cell: ({ hour }) => formatTime(new Date(hour)) },
];

export function RefusalsSection() {
  const { tenant_id } = useTenant().tenant;
  const { data: refused } = useSliced({
    queryKey: ['refusals', tenant_id],
    queryFn: () => refusedLastDay(tenant_id),
    ...polled(10_000),
  });
  if (!refused?.length) return null;
  return (
    <Section title={t('Refused at the broker in the last 24 hours')} flush>
      <DataTable
        caption={t('Refused at the broker')}
        columns={columns()}
        rows={refused}
        keyOf={({ reason }) => reason}
      />
    </Section>
  );
}
