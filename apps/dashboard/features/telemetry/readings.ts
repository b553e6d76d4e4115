// Readings: what devices sent.
import { type Api, allRows, COUNTED, type FunctionRow, firstRows, PAGE, type RowOf } from '../session/rows.ts';

/** `ts` is the device's time. */
const readings = (api: Api) => api.from('telemetry').select('ts,message_id,received_at,payload');
export type Reading = RowOf<typeof readings>;

/** Newest reading of one device. */
export type LatestReading = FunctionRow<'latest_readings'>;

/** How far back a device's readings are read, in milliseconds; the same as in public.latest_readings. */
const LOOK_BACK_MS = 7 * 24 * 3600 * 1000;

/** The newest of each device within 7 days. @throws ApiError, as all below. */
export async function latestReadings(tenantId: string): Promise<LatestReading[]> {
  return allRows(
    (api: Api, last?: Partial<LatestReading>) => {
      const page = { after: last?.device_id ?? null, most: PAGE };
      return api.rpc('latest_readings', { tenant_id: tenantId, ...page }, COUNTED);
    },
    ['device_id'],
  );
}

/** A device's newest readings of the last 7 days, newest first: a step back along the table's one index. */
export async function recentReadings(tenantId: string, deviceId: string, most: number): Promise<Reading[]> {
  const since = new Date(Date.now() - LOOK_BACK_MS).toISOString();
  const { rows } = await firstRows(
    (api: Api) => readings(api).eq('tenant_id', tenantId).eq('device_id', deviceId).gte('ts', since),
    ['ts.desc', 'message_id.desc'],
    most,
  );
  return rows;
}
