// The tenants I belong to.
import { t } from '../../language/translate.ts';
import { ApiError } from '../session/errors.ts';
import { type Api, allRows, COUNTED, call, type FunctionRow } from '../session/rows.ts';

export type MyTenant = FunctionRow<'my_tenants'>;

/** By name. @throws ApiError. */
export async function myTenants(): Promise<MyTenant[]> {
  const tenants = await allRows((api: Api) => api.rpc('my_tenants', undefined, COUNTED), ['tenant_id']);
  return tenants.sort((a, b) => a.name.localeCompare(b.name));
}

/** Makes a tenant that I own. @returns its id. @throws ApiError, also when the slug is not available. */
export async function createTenant(slug: string, name: string): Promise<string> {
  const made: string | null = await call('create_tenant', { slug, name });
  if (made === null)
    throw new ApiError(t('The slug "{slug}" is not available. Choose another one.', { slug }), '', 409);
  return made;
}

/** Changes the name that people see; the slug stays. @throws ApiError. */
export const renameTenant = (tenantId: string, name: string): Promise<void> =>
  call('rename_tenant', { tenant_id: tenantId, name });

/** A limit of the tenant in force. `used` is null where it bounds a single thing, `most` where there is no bound. */
export type LimitInUse = FunctionRow<'limits_in_use'>;

/** What the tenant may have, and how much of that it uses. @throws ApiError. */
export function limitsInUse(tenantId: string): Promise<LimitInUse[]> {
  return allRows((api: Api) => api.rpc('limits_in_use', { tenant_id: tenantId }, COUNTED), ['name']);
}

/** How many tenants I may still make. @throws ApiError. */
export function tenantsLeft(): Promise<number> {
  return call('tenants_left');
}
