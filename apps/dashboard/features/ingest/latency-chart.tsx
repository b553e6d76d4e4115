'use client';
// How long readings wait between their receipt and the commit that makes them safe.
import { useState } from 'react';
import { Chart } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import type { Span } from './spans.ts';

const written = (ms: number | null | undefined) => (ms == null ? '–' : `${formatNumber(Math.round(ms))} ms`);

export function LatencyChart({ spans, step }: { spans: Span[]; step: number }) {
  const [point, setPoint] = useState<number | null>(null);
  const newest = spans.findLast(({ latencyAverage }) => latencyAverage !== null);
  const shown = (point === null ? undefined : spans[point]) ?? newest;
  return (
    <>
      <Legend
        when={clockOf(shown)}
        entries={[
          { label: 'average', tone: 'blue', value: written(shown?.latencyAverage) },
          { label: 'longest', tone: 'amber', value: written(shown?.latencyMost) },
        ]}
      />
      <Chart
        small
        times={spans.map(({ at }) => at)}
        lines={[
          { tone: 'amber', values: spans.map(({ latencyMost }) => latencyMost) },
          { tone: 'blue', values: spans.map(({ latencyAverage }) => latencyAverage) },
        ]}
        fromZero
        from={spans[0]?.at ?? 0}
        until={endOf(spans, step)}
        description={`Latency: newest average ${written(newest?.latencyAverage)}, longest ${written(newest?.latencyMost)}.`}
        onPoint={setPoint}
      />
      <DataDetails
        head={['From', 'average', 'longest']}
        rows={() =>
          [...spans]
            .reverse()
            .slice(0, 30)
            .map((span) => [clockOf(span), written(span.latencyAverage), written(span.latencyMost)])
        }
      />
    </>
  );
}
