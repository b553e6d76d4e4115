// When a device's key was made. Neither key nor hash can be read.
import { type Api, oneRow, type RowOf } from '../session/rows.ts';

const credentials = (api: Api) => api.from('device_credentials').select('id,created_at');
export type Credential = RowOf<typeof credentials>;

/** The key in force; undefined when there is none. For owners and staff. @throws ApiError. */
export async function activeCredential(deviceId: string): Promise<Credential | undefined> {
  return oneRow((api) => credentials(api).eq('device_id', deviceId).is('revoked_at', null));
}
