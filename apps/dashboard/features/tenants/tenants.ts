// The tenants I belong to.
import { type Api, allRows, COUNTED, call, type FunctionRow } from '../session/rows.ts';

export type MyTenant = FunctionRow<'my_tenants'>;

/** By name. @throws ApiError. */
export async function myTenants(): Promise<MyTenant[]> {
  const tenants = await allRows((api: Api) => api.rpc('my_tenants', undefined, COUNTED), ['tenant_id']);
  return tenants.sort((a, b) => a.name.localeCompare(b.name));
}

/** Makes a tenant that I own. @returns its id. @throws ApiError. */
export async function createTenant(slug: string, name: string): Promise<string> {
  return call('create_tenant', { slug, name });
}
