'use client';
// What the devices send, and what happens to it.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { t } from '../../language/translate.ts';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHead, Section } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { DeadLettersSection } from './dead-letters-section.tsx';
import { ingestSpans, residuals } from './ingest.ts';
import { LatencyChart } from './latency-chart.tsx';
import { MinutesChart } from './minutes-chart.tsx';
import { RefusalsSection } from './refusals-section.tsx';
import { toBar, totals } from './spans.ts';
import { StatusFigures } from './status-figures.tsx';

/** Minutes shown, and minutes a bar: at most 120 bars. */
const RANGES = [
  { value: '1h', label: '1 h', minutes: 60, step: 1 },
  { value: '6h', label: '6 h', minutes: 360, step: 3 },
  { value: '24h', label: '24 h', minutes: 1440, step: 12 },
] as const;
/** How often a one-minute bar is read; one of 12 minutes is read every 36 s. */
const POLL_MS = 3000;
/** Most minutes counted that do not add up. */
const RESIDUALS = 100;

export function IngestPage() {
  const { tenant_id } = useTenant().tenant;
  const canSeeLetters = useCan('see dead letters');
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
        title={t('Ingest')}
        about={t('What the devices send, and what happens to it.')}
        actions={
          <Segmented
            label={t('Range')}
            options={RANGES.map(({ value, label }) => ({ value, label: t(label) }))}
            value={name}
            onChange={setName}
          />
        }
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {residual && residual.rows.length > 0 && (
        <Notice tone="danger">
          {residual.more
            ? t(
                'In more than {count} minutes of the last day, the readings received and those accounted for differ. This is a bug in the platform: tell its operator.',
                { count: residual.rows.length },
              )
            : t(
                'In {count, plural, one {# minute} other {# minutes}} of the last day, the readings received and those accounted for differ. This is a bug in the platform: tell its operator.',
                { count: residual.rows.length },
              )}
        </Notice>
      )}
      <StatusFigures />
      <Section title={t('Readings a minute')}>
        {spans && bars ? <MinutesChart bars={bars} totals={totals(spans)} step={step} /> : <ChartSkeleton />}
      </Section>
      <Section title={t('Latency from receipt to commit, in milliseconds')}>
        {bars ? <LatencyChart bars={bars} step={step} /> : <ChartSkeleton small />}
      </Section>
      <RefusalsSection />
      {canSeeLetters && <DeadLettersSection />}
    </>
  );
}
