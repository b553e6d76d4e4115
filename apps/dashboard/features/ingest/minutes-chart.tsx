'use client';
// Readings a minute as stacked bars: stored, duplicates, rejected, beyond the quota.
import { useMemo, useState } from 'react';
import { Chart, type ChartTone } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import { FATES, type Fate, type Span, stackColumns } from './spans.ts';

const NAMES: Record<Fate, string> = {
  stored: 'stored',
  duplicate: 'duplicate',
  rejected: 'rejected',
  over_quota: 'beyond quota',
};
const TONES: Record<Fate, ChartTone> = {
  stored: 'blue',
  duplicate: 'amber',
  rejected: 'red',
  over_quota: 'violet',
};

interface Props {
  spans: Span[];
  totals: Record<Fate, number>;
  step: number;
}

export function MinutesChart({ spans, totals, step }: Props) {
  const [point, setPoint] = useState<number | null>(null);
  const bars = useMemo(() => stackColumns(spans).map(({ fate, values }) => ({ tone: TONES[fate], values })), [spans]);
  const pointed = point === null ? undefined : spans[point];
  const rate = (span: Span, fate: Fate) => formatNumber(Math.round(span[fate] * 10) / 10);
  return (
    <>
      <Legend
        when={pointed ? `${clockOf(pointed)}, a minute` : 'In all'}
        entries={FATES.map((fate) => ({
          label: NAMES[fate],
          tone: TONES[fate],
          value: pointed ? rate(pointed, fate) : formatNumber(totals[fate]),
        }))}
      />
      <Chart
        times={spans.map(({ at }) => at)}
        bars={bars}
        fromZero
        from={spans[0]?.at ?? 0}
        until={endOf(spans, step)}
        description={`Readings a minute since ${clockOf(spans[0])}: ${FATES.map((fate) => `${formatNumber(totals[fate])} ${NAMES[fate]}`).join(', ')}.`}
        onPoint={setPoint}
      />
      <DataDetails
        head={['From', ...FATES.map((fate) => NAMES[fate])]}
        rows={() =>
          [...spans]
            .reverse()
            .slice(0, 30)
            .map((span) => [clockOf(span), ...FATES.map((fate) => rate(span, fate))])
        }
      />
    </>
  );
}
