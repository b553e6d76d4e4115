-- What an owner changes of a tenant.

-- The short name stays: it is in the topics and user names of all devices.
create function public.rename_tenant(tenant_id uuid, name text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(rename_tenant.tenant_id, '{owner}');
  perform access.check_name(rename_tenant.name);
  update public.tenants as t set name = rename_tenant.name where t.id = rename_tenant.tenant_id;
end
$$;
revoke all on function public.rename_tenant(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.rename_tenant(uuid, text) to authenticated;
