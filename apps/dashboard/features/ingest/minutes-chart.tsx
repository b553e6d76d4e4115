'use client';
// Readings a minute as stacked bars: stored, duplicates, rejected, over quota.
import { useMemo, useState } from 'react';
import { Chart, type ChartTone } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import { type Bar, FATES, type Fate, stackColumns } from './spans.ts';

const NAMES: Record<Fate, string> = {
  stored: 'stored',
  duplicate: 'duplicate',
  rejected: 'rejected',
  over_quota: 'over quota',
};
const TONES: Record<Fate, ChartTone> = {
  stored: 'blue',
  duplicate: 'amber',
  rejected: 'red',
  over_quota: 'violet',
};

interface Props {
  bars: Bar[];
  totals: Record<Fate, number>;
  step: number;
}

export function MinutesChart({ bars, totals, step }: Props) {
  const [point, setPoint] = useState<number | null>(null);
  const columns = useMemo(() => stackColumns(bars).map(({ fate, values }) => ({ tone: TONES[fate], values })), [bars]);
  const pointed = point === null ? undefined : bars[point];
  const rate = (bar: Bar, fate: Fate) => formatNumber(Math.round(bar[fate] * 10) / 10);
  return (
    <>
      <Legend
        when={pointed ? `${clockOf(pointed)}, a minute` : 'Total'}
        entries={FATES.map((fate) => ({
          label: NAMES[fate],
          tone: TONES[fate],
          value: pointed ? rate(pointed, fate) : formatNumber(totals[fate]),
        }))}
      />
      <Chart
        times={bars.map(({ at }) => at)}
        bars={columns}
        fromZero
        from={bars[0]?.at ?? 0}
        until={endOf(bars, step)}
        description={`Readings a minute since ${clockOf(bars[0])}: ${FATES.map((fate) => `${formatNumber(totals[fate])} ${NAMES[fate]}`).join(', ')}.`}
        onPoint={setPoint}
      />
      <DataDetails
        head={['From', ...FATES.map((fate) => NAMES[fate])]}
        rows={() =>
          [...bars]
            .reverse()
            .slice(0, 30)
            .map((bar) => [clockOf(bar), ...FATES.map((fate) => rate(bar, fate))])
        }
      />
    </>
  );
}
