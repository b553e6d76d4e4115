// From buckets and live readings to the columns a chart draws.
import type { Bucket } from './charts.ts';
import { numberAt } from './fields.ts';
import type { Reading } from './readings.ts';

/** Columns of one field: epoch seconds, then lowest, average and highest; null is a gap. */
export type FieldColumns = [
  times: number[],
  low: (number | null)[],
  average: (number | null)[],
  high: (number | null)[],
];

interface Point {
  at: number;
  low: number;
  average: number;
  high: number;
}

/** A silence this many times longer than usual breaks the line. */
const GAP = 4;

/**
 * @param live newest readings, any order; those after the last bucket are appended, so that the chart does not wait for
 * the next look at the database.
 * @param bucketSeconds length of a bucket.
 */
export function fieldColumns(buckets: Bucket[], live: Reading[], field: string, bucketSeconds: number): FieldColumns {
  const points = buckets.map(({ bucket, minimum, average, maximum }) => ({
    at: Date.parse(bucket) / 1000,
    low: minimum,
    average,
    high: maximum,
  }));
  const last = points.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  for (const { ts, payload } of live) {
    const value = numberAt(payload, field);
    const at = Date.parse(ts) / 1000;
    if (value !== undefined && at >= last + bucketSeconds) points.push({ at, low: value, average: value, high: value });
  }
  points.sort((a, b) => a.at - b.at);
  return toColumns(points, bucketSeconds);
}

function toColumns(points: Point[], bucketSeconds: number): FieldColumns {
  const columns: FieldColumns = [[], [], [], []];
  const gap = GAP * Math.max(bucketSeconds, usualStep(points));
  let before: number | undefined;
  for (const { at, low, average, high } of points) {
    if (before !== undefined && at - before > gap) push(columns, before + bucketSeconds, null, null, null);
    push(columns, at, low, average, high);
    before = at;
  }
  return columns;
}

function push([times, ...values]: FieldColumns, at: number, ...row: (number | null)[]): void {
  times.push(at);
  for (const [column, value] of row.entries()) values[column]?.push(value);
}

/** The median distance between points, in seconds. */
function usualStep(points: Point[]): number {
  const steps = points.slice(1).map(({ at }, index) => at - (points[index] as Point).at);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** Lowest, highest and newest value, or undefined when there is none. */
export function extremes([times, low, average, high]: FieldColumns) {
  const isValue = (value: number | null): value is number => value !== null;
  const newest = average.findLastIndex(isValue);
  if (newest < 0) return undefined;
  return {
    lowest: Math.min(...low.filter(isValue)),
    highest: Math.max(...high.filter(isValue)),
    newest: average[newest] as number,
    newestAt: new Date((times[newest] as number) * 1000),
  };
}

/** A line of a chart: what it is, its columns, and how its values are written. */
export interface Series {
  label: string;
  columns: FieldColumns;
  write: (value: unknown) => string;
}

/**
 * What a chart shows, as a table: a row for each time of any series, in order, with lowest, mean and highest of each; null where a series
 * has nothing.
 */
export function shownRows(
  series: readonly Series[],
): { at: Date; values: ([low: number, mean: number, high: number] | null)[] }[] {
  const rows = new Map<number, ([number, number, number] | null)[]>();
  for (const [place, { columns }] of series.entries()) {
    const [times, low, average, high] = columns;
    for (const [index, at] of times.entries()) {
      const mean = average[index];
      if (mean == null) continue;
      const row = rows.get(at) ?? series.map(() => null);
      row[place] = [low[index] ?? mean, mean, high[index] ?? mean];
      rows.set(at, row);
    }
  }
  return [...rows].sort(([one], [other]) => one - other).map(([at, values]) => ({ at: new Date(at * 1000), values }));
}
