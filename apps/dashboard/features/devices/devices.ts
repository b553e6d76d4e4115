// Devices: the registry as the dashboard reads and changes it.
import { MAX_SLUG_LENGTH } from '../../../../domain/identifiers.ts';
import { type Api, allRows, COUNTED, call, oneRow, type RowOf } from '../session/rows.ts';

const devices = (api: Api) => api.from('devices').select('id,tenant_id,slug,name,enabled,created_at', COUNTED);
export type Device = RowOf<typeof devices>;

/** A tenant's devices, by slug; `pump-2` comes before `pump-10`. @throws ApiError, as all below. */
export async function listDevices(tenantId: string): Promise<Device[]> {
  return inOrder(await allRows((api: Api) => devices(api).eq('tenant_id', tenantId), ['slug']));
}

/** By slug, numbers by their value. Exported for its test. */
export const inOrder = <Named extends { slug: string }>(named: Named[]): Named[] =>
  named.toSorted((a, b) => (sortKey(a.slug) < sortKey(b.slug) ? -1 : 1));

/** Numbers of one length compare as text. */
const sortKey = (slug: string) => slug.replace(/\d+/g, (digits) => digits.padStart(MAX_SLUG_LENGTH, '0'));

/** Undefined when there is no such device, or it is another tenant's. */
export async function findDevice(id: string): Promise<Device | undefined> {
  return oneRow((api) => devices(api).eq('id', id));
}

/** @param passwordHash Mosquitto's line for the key; the key itself never leaves the browser. @returns the device's id. */
export async function addDevice(tenantId: string, slug: string, name: string, passwordHash: string): Promise<string> {
  const device = { tenant_id: tenantId, slug, name, password_hash: passwordHash };
  return call('add_device', device);
}

/** The old key stops working within seconds. */
export async function rotateDevice(id: string, passwordHash: string): Promise<void> {
  await call('rotate_device', { device_id: id, password_hash: passwordHash });
}

/** Disabling ends a live connection within seconds. */
export async function setDeviceEnabled(id: string, enabled: boolean): Promise<void> {
  await call('set_device_enabled', { device_id: id, enabled });
}

export async function renameDevice(id: string, name: string): Promise<void> {
  await call('rename_device', { device_id: id, name });
}

/** Its readings stay. */
export async function deleteDevice(id: string): Promise<void> {
  await call('delete_device', { device_id: id });
}
