'use client';
// How long readings wait between their receipt and the commit that makes them safe.
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Chart } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import type { Bar } from './spans.ts';

const written = (ms: number | null | undefined) => (ms == null ? '–' : `${formatNumber(Math.round(ms))} ms`);

export function LatencyChart({ bars, step }: { bars: Bar[]; step: number }) {
  const [point, setPoint] = useState<number | null>(null);
  const newest = bars.findLast(({ latencyAverage }) => latencyAverage !== null);
  const shown = (point === null ? undefined : bars[point]) ?? newest;
  return (
    <>
      <Legend
        when={clockOf(shown)}
        entries={[
          { label: t('average'), tone: 'blue', value: written(shown?.latencyAverage) },
          { label: t('longest'), tone: 'amber', value: written(shown?.latencyMost) },
        ]}
      />
      <Chart
        small
        times={bars.map(({ at }) => at)}
        lines={[
          { tone: 'amber', values: bars.map(({ latencyMost }) => latencyMost) },
          { tone: 'blue', values: bars.map(({ latencyAverage }) => latencyAverage) },
        ]}
        fromZero
        from={bars[0]?.at ?? 0}
        until={endOf(bars, step)}
        description={t('Latency: newest average {average}, longest {longest}.', {
          average: written(newest?.latencyAverage),
          longest: written(newest?.latencyMost),
        })}
        onPoint={setPoint}
      />
      <DataDetails
        head={[t('From'), t('average'), t('longest')]}
        rows={() =>
          [...bars]
            .reverse()
            .slice(0, 30)
            .map((bar) => [clockOf(bar), written(bar.latencyAverage), written(bar.latencyMost)])
        }
      />
    </>
  );
}
