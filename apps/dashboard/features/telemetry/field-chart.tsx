'use client';
// A field of a device over time, growing as readings come; beside it, on an axis of its own, another one.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { zoneName } from '../../language/language.ts';
import { t } from '../../language/translate.ts';
import { Chart, nearest } from '../../ui/chart/chart.tsx';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { formatClock } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { useNow, useToday } from '../../ui/time.tsx';
import { CsvButton } from '../data/csv-button.tsx';
import { isTooMuch, messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { chartOf, refreshOf } from './charts.ts';
import styles from './field-chart.module.css';
import type { FieldWords } from './field-names.ts';
import { type Range, type Span, spanOf, tickOf } from './ranges.ts';
import type { Reading } from './readings.ts';
import { extremes, fieldColumns, type Series, shownRows } from './series.ts';

const TOO_MUCH = 'There are too many readings in this range to draw them in time. Choose a shorter range.';
/** Lines of the chart's table. */
const LINES = 24;

/** What a line shows. */
export interface Source {
  deviceId: string;
  field: string;
  words: Pick<FieldWords, 'label' | 'write'>;
  /** The device's newest readings. */
  live: Reading[];
  /** It is on or off. */
  isSwitch?: boolean;
}

interface Props {
  source: Source;
  second?: Source | undefined;
  range: Range;
  onZoom: (from: number, until: number) => void;
}

export function FieldChart({ source, second, range, onZoom }: Props) {
  const span = spanOf(range, useNow(tickOf(range)));
  const today = useToday();
  const [point, setPoint] = useState<number | null>(null);
  const first = useSeries(source, range, span);
  const other = useSeries(second, range, span);
  const error = first.error ?? other.error;
  const problem = error && <Notice tone="danger">{isTooMuch(error) ? t(TOO_MUCH) : messageOf(error)}</Notice>;
  if (!first.series) return problem ?? <ChartSkeleton />;
  const all = [first.series, ...(other.series ? [other.series] : [])];
  const { label, columns } = first.series;
  const [times, low, average, high] = columns;
  const clock = (seconds: number) => formatClock(new Date(seconds * 1000), today);
  const inWords =
    'words' in range ? t(range.words) : t('{from} to {until}', { from: clock(span.from), until: clock(span.until) });
  const summary = all.map((each) => summaryOf(each, inWords, clock)).join(' ');
  const at = point === null ? undefined : times[point];
  return (
    <>
      {problem}
      {other.series ? (
        <Legend
          when={at === undefined ? '' : clock(at)}
          entries={all.map((each, place) => ({
            label: place === 0 ? each.label : t('{label} (right)', { label: each.label }),
            tone: place === 0 ? 'blue' : 'amber',
            value: at === undefined ? '' : valueAt(each, nearest(each.columns[0], at)),
          }))}
        />
      ) : (
        <p className={styles.readout}>
          {point === null || at === undefined ? summary : `${clock(at)}  ${label} ${valueAt(first.series, point)}`}
        </p>
      )}
      <Chart
        times={times}
        lines={[{ tone: 'blue', values: average }]}
        band={{ tone: 'blue', low, high }}
        steps={source.isSwitch ?? false}
        second={other.series && { tone: 'amber', times: other.series.columns[0], values: other.series.columns[2] }}
        from={span.from}
        until={span.until}
        description={summary}
        onPoint={setPoint}
        onZoom={onZoom}
      />
      <div className={styles.files}>
        {exportsOf(source, second).map(({ deviceId, fields, of }) => (
          <CsvButton
            key={deviceId}
            of={of}
            span={() => ({ deviceId, fields, since: new Date(span.from * 1000), until: new Date(span.until * 1000) })}
          />
        ))}
      </div>
      <DataDetails
        head={[
          t('Time ({zone})', { zone: zoneName(new Date(span.until * 1000)) }),
          ...all.map((each) => t('{label}, average (lowest to highest)', { label: each.label })),
        ]}
        rows={() => {
          const rows = shownRows(all);
          const step = Math.max(1, Math.ceil(rows.length / LINES));
          return rows
            .filter((_, index) => index % step === 0)
            .map(({ at, values }) => [
              formatClock(at, today),
              ...values.map((value, place) => cellOf(value, (all[place] as Series).write)),
            ]);
        }}
      />
    </>
  );
}

/** A file for each device that the chart shows. */
function exportsOf(source: Source, second: Source | undefined) {
  const { deviceId, field } = source;
  if (!second) return [{ deviceId, fields: [field], of: undefined }];
  if (second.deviceId === deviceId) return [{ deviceId, fields: [...new Set([field, second.field])], of: undefined }];
  return [source, second].map((each) => ({ deviceId: each.deviceId, fields: [each.field], of: each.words.label }));
}

/** The columns of a line, asked for and kept up to date. */
function useSeries(source: Source | undefined, range: Range, span: Span) {
  const { from, until, bucketSeconds } = span;
  const { deviceId, field, live } = source ?? { deviceId: '', field: '', live: NONE };
  // Live readings are appended meanwhile.
  const refresh = refreshOf(span);
  const { data, error } = useQuery({
    queryKey: ['chart', deviceId, field, ...('seconds' in range ? [range.seconds] : [from, until])],
    queryFn: () => chartOf(deviceId, field, span),
    ...polled(refresh),
    // Returning to the page is not a reason to read sooner.
    staleTime: refresh,
    placeholderData: undefined,
    enabled: source !== undefined,
  });
  const columns = useMemo(
    () =>
      fieldColumns(
        data ?? [],
        live.filter(({ ts }) => Date.parse(ts) < until * 1000),
        field,
        bucketSeconds,
      ),
    [data, live, field, bucketSeconds, until],
  );
  const series: Series | undefined = source && data && { ...source.words, columns };
  return { series, error };
}

const NONE: Reading[] = [];

function summaryOf({ label, columns, write }: Series, inWords: string, clock: (seconds: number) => string): string {
  const found = extremes(columns);
  if (!found) return t('{label}: no reading in {range}.', { label, range: inWords });
  return t('{label}, {range}: between {low} and {high}, newest {newest} at {time}.', {
    label,
    range: inWords,
    low: write(found.lowest),
    high: write(found.highest),
    newest: write(found.newest),
    time: `${clock(found.newestAt.getTime() / 1000)} ${zoneName(found.newestAt)}`,
  });
}

const cellOf = (value: [low: number, mean: number, high: number] | null, write: Series['write']): string =>
  value === null
    ? '–'
    : t('{mean} ({low} to {high})', { mean: write(value[1]), low: write(value[0]), high: write(value[2]) });

function valueAt({ columns: [, low, average, high], write }: Series, index: number | null): string {
  const mean = index === null ? undefined : average[index];
  if (index === null || mean == null) return '–';
  const [least, most] = [low[index] ?? mean, high[index] ?? mean];
  return least === most
    ? write(mean)
    : t('{mean} ({low} to {high})', { mean: write(mean), low: write(least), high: write(most) });
}
