// When a device's key was made. Neither key nor hash can be read.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';

export interface Credential {
  id: string;
  created_at: string;
}

/** The key in force; undefined when there is none. For owners and staff. @throws ApiError. */
export async function activeCredential(deviceId: string): Promise<Credential | undefined> {
  const found = unwrap<Credential[]>(
    await (await rest())
      .from('device_credentials')
      .select('id,created_at')
      .eq('device_id', deviceId)
      .is('revoked_at', null)
      .limit(1),
  );
  return found[0];
}
