// What is to be deleted or was, and asking for it.
import { type Api, call, firstRows, type RowOf } from '../session/rows.ts';

const deletions = (api: Api) =>
  api
    .from('deletions')
    .select('id,kind,subject,asked_at,due_at,started_at,stage,removed,rows_left,problem,finished_at');
export type Deletion = RowOf<typeof deletions>;

/** How many are listed. */
const MOST = 20;

/** A tenant's, the newest first. @throws ApiError, as all below. */
export async function recentDeletions(tenantId: string): Promise<Deletion[]> {
  const ask = (api: Api) => deletions(api).eq('tenant_id', tenantId);
  return (await firstRows(ask, ['asked_at.desc', 'id'], MOST)).rows;
}

/** Asks for a tenant's deletion in 7 days; its devices are locked out at once. @param name typed by the owner. */
export const deleteTenant = (tenantId: string, name: string): Promise<string> =>
  call('delete_tenant', { tenant_id: tenantId, name });

/** Takes that back. */
export const keepTenant = (tenantId: string): Promise<void> => call('keep_tenant', { tenant_id: tenantId });

/** Deletes a device at once, and its readings and dead letters after that. @param slug typed by the owner. */
export const deleteDeviceData = (deviceId: string, slug: string): Promise<void> =>
  call('delete_device_data', { device_id: deviceId, slug });

/** Deletes the signed-in person's account. @param email typed by the person. */
export const deleteAccount = (email: string): Promise<void> => call('delete_account', { email });
