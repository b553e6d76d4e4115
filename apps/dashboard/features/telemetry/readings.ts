// Readings: what devices sent.
import { type Api, firstRows, type RowOf } from '../session/rows.ts';

/** `ts` is the device's time. */
const readings = (api: Api) => api.from('telemetry').select('ts,message_id,received_at,payload');
export type Reading = RowOf<typeof readings>;

/** How far back a device's readings are looked for first, in milliseconds. */
const LOOK_BACK_MS = 7 * 24 * 3600 * 1000;
/** Characters that a look every second may bring: fewer of the readings that are large. */
const MOST_CHARACTERS = 200_000;
const LEAST_READINGS = 5;

/** How long the newest reading of a device was when it was last read. */
const lengths = new Map<string, number>();

/**
 * A device's newest readings, newest first: a step back along the table's one index. Fewer when they are large.
 * @throws ApiError.
 */
export async function recentReadings(tenantId: string, deviceId: string, most: number): Promise<Reading[]> {
  const fitting = Math.floor(MOST_CHARACTERS / (lengths.get(deviceId) ?? 1));
  const first = (since: Date) =>
    firstRows(
      (api: Api) => readings(api).eq('tenant_id', tenantId).eq('device_id', deviceId).gte('ts', since.toISOString()),
      ['ts.desc', 'message_id.desc'],
      Math.min(most, Math.max(LEAST_READINGS, fitting)),
    );
  const { rows } = await first(new Date(Date.now() - LOOK_BACK_MS));
  const found = rows.length > 0 ? rows : (await first(new Date(0))).rows;
  if (found[0]) lengths.set(deviceId, JSON.stringify(found[0].payload).length + 1);
  return found;
}
