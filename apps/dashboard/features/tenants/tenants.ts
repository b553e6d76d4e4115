// The tenants I belong to.
import { allRows, COUNTED, call } from '../session/rows.ts';
import type { Role } from './roles.ts';

export interface MyTenant {
  tenant_id: string;
  slug: string;
  name: string;
  role: Role;
}

/** By name. @throws ApiError. */
export async function myTenants(): Promise<MyTenant[]> {
  const tenants = await allRows<MyTenant>((api) => api.rpc('my_tenants', {}, COUNTED), ['tenant_id']);
  return tenants.sort((a, b) => a.name.localeCompare(b.name));
}

/** Makes a tenant that I own. @returns its id. @throws ApiError. */
export async function createTenant(slug: string, name: string): Promise<string> {
  return call('create_tenant', { slug, name });
}
