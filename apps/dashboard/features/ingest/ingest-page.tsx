'use client';
// What arrives from the devices, and what becomes of it.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHead, Section } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useNow } from '../../ui/time.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useMay, useTenant } from '../tenants/tenant.tsx';
import { DeadLettersSection } from './dead-letters-section.tsx';
import { ingestMinutes, residuals } from './ingest.ts';
import { LatencyChart } from './latency-chart.tsx';
import { MinutesChart } from './minutes-chart.tsx';
import { toSpans, totals } from './spans.ts';
import { StatusFigures } from './status-figures.tsx';

/** Minutes shown, and minutes a bar: at most 120 bars. */
const RANGES = [
  { value: '1h', label: '1 h', minutes: 60, step: 1 },
  { value: '6h', label: '6 h', minutes: 360, step: 3 },
  { value: '24h', label: '24 h', minutes: 1440, step: 12 },
] as const;

export function IngestPage() {
  const { tenant_id } = useTenant().tenant;
  const maySeeLetters = useMay('see dead letters');
  const [name, setName] = useState<(typeof RANGES)[number]['value']>('1h');
  const { minutes, step } = RANGES.find(({ value }) => value === name) ?? RANGES[0];
  const minuteNow = useNow(60);
  const { data, error } = useSliced({
    queryKey: ['minutes', tenant_id, minutes],
    queryFn: () => ingestMinutes(tenant_id, new Date(Date.now() - minutes * 60_000)),
    ...polled(minutes > 60 ? 15_000 : 3000),
  });
  const { data: residual } = useQuery({
    queryKey: ['residuals', tenant_id],
    queryFn: () => residuals(tenant_id),
    ...polled(60_000),
  });
  const spans = useMemo(() => data && toSpans(data, minutes, step, minuteNow), [data, minutes, step, minuteNow]);
  const lastWhole = data?.find(({ minute }) => Date.parse(minute) / 1000 === minuteNow - 60);
  return (
    <>
      <PageHead
        title="Ingest"
        about="What arrives from the devices, and what becomes of it."
        actions={<Segmented label="Range" options={RANGES} value={name} onChange={setName} />}
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {residual && residual.length > 0 && (
        <Notice tone="danger">
          In {residual.length} of the last minutes what was received and what was accounted for differ. This is a fault
          of the platform: tell its operator.
        </Notice>
      )}
      <StatusFigures perMinute={data && (lastWhole?.received ?? 0)} />
      <Section title="Readings a minute">
        {data && spans ? <MinutesChart spans={spans} totals={totals(data)} step={step} /> : <ChartSkeleton />}
      </Section>
      <Section title="Latency from receipt to commit, in milliseconds">
        {spans ? <LatencyChart spans={spans} step={step} /> : <ChartSkeleton small />}
      </Section>
      {maySeeLetters && <DeadLettersSection />}
    </>
  );
}
