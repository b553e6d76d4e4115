'use client';
// What arrives from the devices, and what becomes of it.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHead, Section } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useMay, useTenant } from '../tenants/tenant.tsx';
import { DeadLettersSection } from './dead-letters-section.tsx';
import { ingestSpans, residuals } from './ingest.ts';
import { LatencyChart } from './latency-chart.tsx';
import { MinutesChart } from './minutes-chart.tsx';
import { toBar, totals } from './spans.ts';
import { StatusFigures } from './status-figures.tsx';

/** Minutes shown, and minutes a bar: at most 120 bars. */
const RANGES = [
  { value: '1h', label: '1 h', minutes: 60, step: 1 },
  { value: '6h', label: '6 h', minutes: 360, step: 3 },
  { value: '24h', label: '24 h', minutes: 1440, step: 12 },
] as const;
/** A one-minute bar is asked for so often; one of 12 minutes, each 36 s. */
const POLL_MS = 3000;
/** Minutes that do not add up: so many are counted. */
const RESIDUALS = 100;

export function IngestPage() {
  const { tenant_id } = useTenant().tenant;
  const maySeeLetters = useMay('see dead letters');
  const [name, setName] = useState<(typeof RANGES)[number]['value']>('1h');
  const { minutes, step } = RANGES.find(({ value }) => value === name) ?? RANGES[0];
  const { data: spans, error } = useSliced({
    queryKey: ['spans', tenant_id, minutes],
    queryFn: () => ingestSpans(tenant_id, minutes / step, step),
    // A bar grows slowly where it is wide.
    ...polled(step * POLL_MS),
  });
  const { data: residual } = useQuery({
    queryKey: ['residuals', tenant_id],
    queryFn: () => residuals(tenant_id, RESIDUALS),
    ...polled(60_000),
  });
  const bars = useMemo(() => spans?.map(toBar), [spans]);
  return (
    <>
      <PageHead
        title="Ingest"
        about="What arrives from the devices, and what becomes of it."
        actions={<Segmented label="Range" options={RANGES} value={name} onChange={setName} />}
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {residual && residual.rows.length > 0 && (
        <Notice tone="danger">
          In {residual.more && 'more than '}
          {residual.rows.length} minutes of the last day the number of readings received differs from the number
          accounted for. This is a fault of the platform: tell its operator.
        </Notice>
      )}
      <StatusFigures />
      <Section title="Readings a minute">
        {spans && bars ? <MinutesChart bars={bars} totals={totals(spans)} step={step} /> : <ChartSkeleton />}
      </Section>
      <Section title="Latency from receipt to commit, in milliseconds">
        {bars ? <LatencyChart bars={bars} step={step} /> : <ChartSkeleton small />}
      </Section>
      {maySeeLetters && <DeadLettersSection />}
    </>
  );
}
