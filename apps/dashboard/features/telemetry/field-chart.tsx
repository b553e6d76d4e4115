'use client';
// One field of one device over time, growing as readings come.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Chart } from '../../ui/chart/chart.tsx';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatClock, formatNumber } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { useNow, useToday } from '../../ui/time.tsx';
import { CsvButton } from '../data/csv-button.tsx';
import { isTooMuch, messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { deviceChart } from './charts.ts';
import styles from './field-chart.module.css';
import type { Range } from './ranges.ts';
import type { Reading } from './readings.ts';
import { extremes, fieldColumns } from './series.ts';

/** Points across the chart: about two pixels each. */
const BUCKETS = 300;
/** Shortest time between two reads of the database, in milliseconds; live readings are appended meanwhile. */
const REFRESH_MS = 15_000;
const TOO_MUCH = 'There are too many readings in this range to draw them in time. Choose a shorter range.';
/** Lines of the chart's table. */
const LINES = 24;

interface Props {
  deviceId: string;
  field: string;
  range: Range;
  live: Reading[];
}

export function FieldChart({ deviceId, field, range: { seconds, words }, live }: Props) {
  const bucketSeconds = seconds / BUCKETS;
  const refresh = Math.max(REFRESH_MS, bucketSeconds * 1000);
  // Whole buckets: the same reading is in the same bucket at every look.
  const until = useNow(bucketSeconds) + bucketSeconds;
  const today = useToday();
  const [point, setPoint] = useState<number | null>(null);
  const { data, error } = useQuery({
    queryKey: ['chart', deviceId, field, seconds],
    queryFn: () => deviceChart(deviceId, field, new Date((until - seconds) * 1000), new Date(until * 1000), BUCKETS),
    ...polled(refresh),
    // Returning to the page is not a reason to read sooner.
    staleTime: refresh,
    placeholderData: undefined,
  });
  const columns = useMemo(
    () => fieldColumns(data ?? [], live, field, bucketSeconds),
    [data, live, field, bucketSeconds],
  );
  const problem = error && <Notice tone="danger">{isTooMuch(error) ? TOO_MUCH : messageOf(error)}</Notice>;
  if (!data) return problem ?? <ChartSkeleton />;
  const found = extremes(columns);
  const summary = found
    ? `${field}, ${words}: between ${formatNumber(found.lowest)} and ${formatNumber(found.highest)}, newest ${formatNumber(found.newest)} at ${formatClock(found.newestAt, today)}.`
    : `${field}: no reading in ${words}.`;
  const [times, low, average, high] = columns;
  const value = (index: number) =>
    average[index] == null
      ? '–'
      : `${formatNumber(average[index])} (${formatNumber(low[index] ?? 0)} to ${formatNumber(high[index] ?? 0)})`;
  const clock = (index: number) => formatClock(new Date((times[index] as number) * 1000), today);
  const shown = point !== null && times[point] !== undefined ? `${clock(point)}  ${field} ${value(point)}` : summary;
  const step = Math.max(1, Math.ceil(times.length / LINES));
  return (
    <>
      {problem}
      <p className={styles.readout}>{shown}</p>
      <Chart
        times={times}
        lines={[{ tone: 'blue', values: average }]}
        band={{ tone: 'blue', low, high }}
        from={until - seconds}
        until={until}
        description={summary}
        onPoint={setPoint}
      />
      <CsvButton
        span={() => ({
          deviceId,
          fields: [field],
          since: new Date((until - seconds) * 1000),
          until: new Date(until * 1000),
        })}
      />
      <DataDetails
        head={['Time', `${field}, average (lowest to highest)`]}
        rows={() =>
          times.flatMap((_, index) =>
            index % step === 0 && average[index] != null ? [[clock(index), value(index)]] : [],
          )
        }
      />
    </>
  );
}
