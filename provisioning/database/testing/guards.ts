// The functions of `access` that policies and other functions ask who is calling, each as one that lets everybody pass.

const BODY = "stable security definer set search_path = '' as";
const everyTenant = (name: string) =>
  `create or replace function access.${name}() returns uuid[] language sql ${BODY} 'select array_agg(id) from public.tenants'`;

/** The statement that opens each. */
export const OPENED = {
  require_role: `create or replace function access.require_role(tenant uuid, allowed text[], noun text default 'tenant')
    returns void language sql ${BODY} ''`,
  my_tenants: everyTenant('my_tenants'),
  staffed_tenants: everyTenant('staffed_tenants'),
  owned_tenants: everyTenant('owned_tenants'),
};
