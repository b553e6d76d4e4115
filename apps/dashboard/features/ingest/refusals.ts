// What the broker refused before it reached ingest.
import { type Api, allRows, COUNTED, type RowOf } from '../session/rows.ts';

/** One reason, all of the last day. */
export interface Refused {
  reason: string;
  times: number;
  /** The newest hour in which it happened. */
  hour: string;
}

const DAY_MS = 86_400_000;

/** By reason, the most frequent first. @throws ApiError, as below. */
export async function refusedLastDay(tenantId: string): Promise<Refused[]> {
  const since = new Date(Date.now() - DAY_MS).toISOString();
  const hours = await allRows(
    (api: Api) => api.from('refusals').select('hour,reason,times').eq('tenant_id', tenantId).gte('hour', since),
    ['hour', 'reason'],
  );
  return sumByReason(hours);
}

/** @param hours oldest first. */
export function sumByReason(hours: readonly Refused[]): Refused[] {
  const sums = new Map<string, Refused>();
  for (const { reason, times, hour } of hours) {
    sums.set(reason, { reason, times: times + (sums.get(reason)?.times ?? 0), hour });
  }
  return [...sums.values()].sort((a, b) => b.times - a.times);
}

const lastOf = (api: Api, deviceId: string) =>
  api.from('device_refusals').select('reason,refused_at', COUNTED).eq('device_id', deviceId);

/** What a device was refused last, by reason, the newest first. */
export function lastRefusals(deviceId: string): Promise<RowOf<typeof lastOf>[]> {
  return allRows((api: Api) => lastOf(api, deviceId), ['refused_at.desc', 'reason']);
}
