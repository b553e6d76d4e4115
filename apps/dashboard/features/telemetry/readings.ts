// Readings: what devices sent.
import { type Api, firstRows, type RowOf } from '../session/rows.ts';

/** `ts` is the device's time. */
const readings = (api: Api) => api.from('telemetry').select('ts,message_id,received_at,payload');
export type Reading = RowOf<typeof readings>;

/** How far back a device's readings are read, in milliseconds. */
const LOOK_BACK_MS = 7 * 24 * 3600 * 1000;

/** A device's newest readings of the last 7 days, newest first: a step back along the table's one index. @throws ApiError. */
export async function recentReadings(tenantId: string, deviceId: string, most: number): Promise<Reading[]> {
  const since = new Date(Date.now() - LOOK_BACK_MS).toISOString();
  const { rows } = await firstRows(
    (api: Api) => readings(api).eq('tenant_id', tenantId).eq('device_id', deviceId).gte('ts', since),
    ['ts.desc', 'message_id.desc'],
    most,
  );
  return rows;
}
