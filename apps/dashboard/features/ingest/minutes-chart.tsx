'use client';
// Readings a minute as stacked bars: stored, duplicates, rejected, over quota.
import { useMemo, useState } from 'react';
import { OUTCOMES, type Outcome } from '../../../../domain/outcomes.ts';
import { type PlainMessage, t } from '../../language/translate.ts';
import { Chart, type ChartTone } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import { type Bar, stackColumns } from './spans.ts';

const NAMES: Record<Outcome, PlainMessage> = {
  stored: 'stored',
  duplicate: 'duplicate',
  rejected: 'rejected',
  over_quota: 'over quota',
};
const TONES: Record<Outcome, ChartTone> = {
  stored: 'blue',
  duplicate: 'amber',
  rejected: 'red',
  over_quota: 'violet',
};

interface Props {
  bars: Bar[];
  totals: Record<Outcome, number>;
  step: number;
}

export function MinutesChart({ bars, totals, step }: Props) {
  const [point, setPoint] = useState<number | null>(null);
  const columns = useMemo(
    () => stackColumns(bars).map(({ outcome, values }) => ({ tone: TONES[outcome], values })),
    [bars],
  );
  const pointed = point === null ? undefined : bars[point];
  const rate = (bar: Bar, outcome: Outcome) => formatNumber(Math.round(bar[outcome] * 10) / 10);
  return (
    <>
      <Legend
        when={pointed ? t('{time}, a minute', { time: clockOf(pointed) }) : t('Total')}
        entries={OUTCOMES.map((outcome) => ({
          label: t(NAMES[outcome]),
          tone: TONES[outcome],
          value: pointed ? rate(pointed, outcome) : formatNumber(totals[outcome]),
        }))}
      />
      <Chart
        times={bars.map(({ at }) => at)}
        bars={columns}
        fromZero
        from={bars[0]?.at ?? 0}
        until={endOf(bars, step)}
        description={t('Readings a minute since {time}: {list}.', {
          time: clockOf(bars[0]),
          list: OUTCOMES.map((outcome) => `${formatNumber(totals[outcome])} ${t(NAMES[outcome])}`).join(', '),
        })}
        onPoint={setPoint}
      />
      <DataDetails
        head={[t('From'), ...OUTCOMES.map((outcome) => t(NAMES[outcome]))]}
        rows={() =>
          [...bars]
            .reverse()
            .slice(0, 30)
            .map((bar) => [clockOf(bar), ...OUTCOMES.map((outcome) => rate(bar, outcome))])
        }
      />
    </>
  );
}
