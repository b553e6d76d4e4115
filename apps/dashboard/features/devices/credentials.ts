// When a device's key was made. Neither key nor hash can be read.
import { oneRow } from '../session/rows.ts';

export interface Credential {
  id: string;
  created_at: string;
}

/** The key in force; undefined when there is none. For owners and staff. @throws ApiError. */
export async function activeCredential(deviceId: string): Promise<Credential | undefined> {
  return oneRow((api) =>
    api.from('device_credentials').select('id,created_at').eq('device_id', deviceId).is('revoked_at', null),
  );
}
