// A device's numeric fields over time, downsampled by the database.
import { type Api, allRows, COUNTED, type FunctionRow } from '../session/rows.ts';
import type { Span } from './ranges.ts';

/** A span of time, by its beginning, and what a field was in it. */
export type Bucket = FunctionRow<'device_chart'>;

/** Spans without a reading are left out. @throws ApiError. @param buckets how many spans at most, 1 to 2000. */
export async function deviceChart(
  deviceId: string,
  field: string,
  since: Date,
  until: Date,
  buckets: number,
): Promise<Bucket[]> {
  const range = { since: since.toISOString(), until: until.toISOString(), buckets };
  return allRows((api: Api) => api.rpc('device_chart', { device_id: deviceId, field, ...range }, COUNTED), ['bucket']);
}

/** A field over what a chart shows. @throws ApiError. */
export const chartOf = (deviceId: string, field: string, { from, until, bucketSeconds }: Span): Promise<Bucket[]> =>
  deviceChart(
    deviceId,
    field,
    new Date(from * 1000),
    new Date(until * 1000),
    Math.round((until - from) / bucketSeconds),
  );

/** Shortest time between two reads of a chart, in milliseconds. */
const REFRESH_MS = 15_000;

/** How often a chart is read again, in milliseconds: a longer bucket changes more slowly. */
export const refreshOf = ({ bucketSeconds }: Span): number => Math.max(REFRESH_MS, bucketSeconds * 1000);
