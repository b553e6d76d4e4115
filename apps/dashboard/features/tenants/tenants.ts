// The tenants I belong to.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';
import type { Role } from './roles.ts';

export interface MyTenant {
  tenant_id: string;
  slug: string;
  name: string;
  role: Role;
}

/** By name. @throws ApiError. */
export async function myTenants(): Promise<MyTenant[]> {
  const tenants = unwrap<MyTenant[]>(await (await rest()).rpc('my_tenants'));
  return tenants.sort((a, b) => a.name.localeCompare(b.name));
}

/** Makes a tenant that I own. @returns its id. @throws ApiError. */
export async function createTenant(slug: string, name: string): Promise<string> {
  return unwrap(await (await rest()).rpc('create_tenant', { slug, name }));
}
