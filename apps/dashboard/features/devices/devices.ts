// Devices and their keys: the registry as the dashboard reads and changes it. A key is made in this browser; only its hash leaves it.
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { MAX_SLUG_LENGTH } from '../../../../domain/identifiers.ts';
import { type Api, allRows, COUNTED, call, oneRow, type RowOf } from '../session/rows.ts';

const devices = (api: Api) => api.from('devices').select('id,tenant_id,slug,name,enabled,created_at,tags', COUNTED);
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

/** @returns the device's id and its key, which cannot be read again. */
export async function addDevice(tenantId: string, slug: string, name: string): Promise<{ id: string; key: string }> {
  const key = generateKey();
  const id = await call('add_device', { tenant_id: tenantId, slug, name, password_hash: await hashKey(key) });
  return { id, key };
}

const credentials = (api: Api) => api.from('device_credentials').select('id,created_at');

/** When the key in force was made; undefined when there is none. For owners and staff. */
export async function activeCredential(deviceId: string): Promise<RowOf<typeof credentials> | undefined> {
  return oneRow((api) => credentials(api).eq('device_id', deviceId).is('revoked_at', null));
}

/** The old key stops working within seconds. @returns the new one, which cannot be read again. */
export async function rotateDevice(id: string): Promise<string> {
  const key = generateKey();
  await call('rotate_device', { device_id: id, password_hash: await hashKey(key) });
  return key;
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
