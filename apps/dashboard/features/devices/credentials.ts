// A device's key: made in this browser, and when the one in force was made. Neither key nor hash can be read.
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { type Api, oneRow, type RowOf } from '../session/rows.ts';

const credentials = (api: Api) => api.from('device_credentials').select('id,created_at');
export type Credential = RowOf<typeof credentials>;

/** The key in force; undefined when there is none. For owners and staff. @throws ApiError. */
export async function activeCredential(deviceId: string): Promise<Credential | undefined> {
  return oneRow((api) => credentials(api).eq('device_id', deviceId).is('revoked_at', null));
}

/** Makes a key in this browser and gives its hash away; the key is returned only when that succeeded. */
export async function withNewKey<Result>(
  store: (passwordHash: string) => Promise<Result>,
): Promise<{ key: string; result: Result }> {
  const key = generateKey();
  const result = await store(await hashKey(key));
  return { key, result };
}
