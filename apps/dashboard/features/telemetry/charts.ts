// A device's numeric fields over time, downsampled by the database.
import { type Api, allRows, COUNTED, type FunctionRow } from '../session/rows.ts';

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
