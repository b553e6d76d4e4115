// What is known of each device from what came from it.
import { type Api, allRows, COUNTED, firstRows, oneRow, type RowOf } from '../session/rows.ts';
import { type FieldValue, newestOf } from '../telemetry/fields.ts';

/**
 * `last_received_at`: of the newest message, whatever became of it. `gaps`: seconds between the last reports. `clock_skew`: the
 * device's time less the time of receipt, in seconds. `newest`: the fields that came last, three at most, as pairs of name and value.
 */
const listed = (api: Api) =>
  api.from('device_newest').select('device_id,last_received_at,gaps,clock_skew,newest', COUNTED);
export type ListedStatus = Omit<RowOf<typeof listed>, 'newest'> & { newest: [field: string, value: unknown][] };

/** The same, with the newest value of every field: see `newestOf`. Up to 8 KiB a device: not for a list. */
const statuses = (api: Api) => api.from('device_status').select('device_id,last_received_at,gaps,clock_skew,fields');
export type DeviceStatus = RowOf<typeof statuses>;

/** Of those devices that have sent something; of a page of the list, because the ids stand in the address. @throws ApiError, as all below. */
export async function statusesOf(tenantId: string, deviceIds: string[]): Promise<ListedStatus[]> {
  const asked = (api: Api) => listed(api).eq('tenant_id', tenantId).in('device_id', deviceIds);
  return (await allRows(asked, ['device_id'])) as ListedStatus[];
}

/** Undefined when the device has never sent anything, or is another tenant's. */
export function findStatus(tenantId: string, deviceId: string): Promise<DeviceStatus | undefined> {
  return oneRow((api) => statuses(api).eq('tenant_id', tenantId).eq('device_id', deviceId));
}

/** Devices whose fields are looked at, where no device is named. */
const LOOKED_AT = 50;

/** The fields of a device, or of those heard last, each with its newest value, by name. */
export async function knownFields(tenantId: string, deviceId: string | null): Promise<FieldValue[]> {
  const { rows } = await firstRows(
    (api: Api) => {
      const all = statuses(api).eq('tenant_id', tenantId);
      return deviceId === null ? all : all.eq('device_id', deviceId);
    },
    ['last_received_at.desc', 'device_id'],
    LOOKED_AT,
  );
  const known = new Map<string, FieldValue>();
  for (const { fields } of rows)
    for (const { field, value } of newestOf(fields as Parameters<typeof newestOf>[0], []))
      if (!known.has(field)) known.set(field, { field, value });
  return [...known.values()].sort((one, other) => (one.field < other.field ? -1 : 1));
}
