// Devices of a file, added at once. Their keys are made in this browser; only the hashes leave it.
import { generateSheetKey, hashKey } from '../../../../domain/credentials.ts';
import type { Credential, ImportedDevice } from '../../../../domain/device-import.ts';
import { call } from '../session/rows.ts';
import { accessFor, type Place } from './access.ts';
import { listDevices } from './devices.ts';

/** What is sent, and what its makers get. Kept until the answer is there: the same again is added once. */
export interface PreparedImport {
  devices: { slug: string; name: string; tags: string[]; password_hash: string }[];
  credentials: Credential[];
}

/** Slugs of the file that the tenant has already. @throws ApiError. */
export async function alreadyThere(tenantId: string, devices: ImportedDevice[]): Promise<Set<string>> {
  const there = new Set((await listDevices(tenantId)).map(({ slug }) => slug));
  return new Set(devices.flatMap(({ slug }) => (there.has(slug) ? [slug] : [])));
}

/** Makes the keys. */
export async function prepareImport(tenant: string, devices: ImportedDevice[], place: Place): Promise<PreparedImport> {
  const prepared: PreparedImport = { devices: [], credentials: [] };
  for (const { slug, name, tags } of devices) {
    const key = generateSheetKey();
    const { username, topic, host, port } = accessFor(tenant, slug, key, place);
    prepared.devices.push({ slug, name, tags, password_hash: await hashKey(key) });
    prepared.credentials.push({ device: slug, username, key, broker: `${host}:${port}`, topic });
  }
  return prepared;
}

/** All or none. @throws ApiError. */
export async function importDevices(tenantId: string, { devices }: PreparedImport): Promise<void> {
  await call('import_devices', { tenant_id: tenantId, devices });
}
