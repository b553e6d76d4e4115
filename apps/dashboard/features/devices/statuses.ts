// What is known of each device from what came from it.
import { type Api, allRows, COUNTED, oneRow, type RowOf } from '../session/rows.ts';

/**
 * `last_received_at`: of the newest message, whatever became of it. `gaps`: seconds between the last reports. `clock_skew`: the
 * device's time less the time of receipt, in seconds. `fields`: see `newestValues`.
 */
const statuses = (api: Api) =>
  api.from('device_status').select('device_id,last_received_at,gaps,clock_skew,fields', COUNTED);
export type DeviceStatus = RowOf<typeof statuses>;

/** Of a tenant's devices that have sent something. @throws ApiError, as all below. */
export function deviceStatuses(tenantId: string): Promise<DeviceStatus[]> {
  return allRows((api: Api) => statuses(api).eq('tenant_id', tenantId), ['device_id']);
}

/** Undefined when the device has never sent anything, or is another tenant's. */
export function findStatus(tenantId: string, deviceId: string): Promise<DeviceStatus | undefined> {
  return oneRow((api) => statuses(api).eq('tenant_id', tenantId).eq('device_id', deviceId));
}

/** The newest value of each field: the newest message's first. */
export function newestValues(status: DeviceStatus | undefined): Record<string, unknown> {
  const fields = Object.entries(
    (status?.fields ?? {}) as Record<string, [value: unknown, ts: number, received: number]>,
  );
  const inOrder = fields.toSorted(([, one], [, other]) => other[2] - one[2]);
  return Object.fromEntries(inOrder.map(([field, [value]]) => [field, value]));
}
