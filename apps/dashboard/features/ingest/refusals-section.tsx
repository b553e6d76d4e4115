'use client';
// What the broker refused of the tenant's clients in the last day; absent when it refused nothing.
import { refusalWords } from '../../../../domain/refusals.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { Section } from '../../ui/page.tsx';
import { polled, useSliced } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { type Refused, refusedLastDay } from './refusals.ts';

const COLUMNS: Column<Refused>[] = [
  { header: 'What', title: true, cell: ({ reason }) => refusalWords(reason) },
  { header: 'Times', numeric: true, cell: ({ times }) => formatNumber(times) },
  { header: 'Last in the hour from', cell: ({ hour }) => formatTime(new Date(hour)) },
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
    <Section title="Refused at the broker in the last 24 hours" flush>
      <DataTable caption="Refused at the broker" columns={COLUMNS} rows={refused} keyOf={({ reason }) => reason} />
    </Section>
  );
}
