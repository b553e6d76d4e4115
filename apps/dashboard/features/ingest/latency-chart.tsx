'use client';
// How long readings wait between their receipt and the commit that makes them safe.
import { useMemo, useState } from 'react';
import { Chart } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatNumber } from '../../ui/format.ts';
import { clockOf, endOf } from './span-times.ts';
import type { Span } from './spans.ts';

const SERIES = [
  { label: 'longest', tone: 'amber' as const },
  { label: 'average', tone: 'blue' as const },
];

const written = (ms: number | null | undefined) => (ms == null ? '–' : `${formatNumber(Math.round(ms))} ms`);

export function LatencyChart({ spans, step }: { spans: Span[]; step: number }) {
  const [point, setPoint] = useState<number | null>(null);
  const columns = useMemo(
    () => [
      spans.map(({ at }) => at),
      spans.map(({ latencyMost }) => latencyMost),
      spans.map(({ latencyAverage }) => latencyAverage),
    ],
    [spans],
  );
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
        series={SERIES}
        fromZero
        data={columns}
        from={spans[0]?.at ?? 0}
        until={endOf(spans, step)}
        description={`Latency: newest average ${written(newest?.latencyAverage)}, longest ${written(newest?.latencyMost)}.`}
        onPoint={setPoint}
      />
      <DataDetails
        head={['From', 'average', 'longest']}
        rows={[...spans]
          .reverse()
          .slice(0, 30)
          .map((span) => [clockOf(span), written(span.latencyAverage), written(span.latencyMost)])}
      />
    </>
  );
}
