-- Logins for programs that speak Postgres (Grafana): they read one tenant's devices, readings and alerts under row-level security. The
-- operator makes one by `ops reader TENANT`; its name holds the tenant's id, so nothing else says whose rows it reads.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'tenant_reader') then
    create role tenant_reader nologin noinherit;
  end if;
end
$$;

-- The tenant of the login that asks, such as reader_0b8f…; null for every other role. Not security definer: current_user is who asks.
create function access.reader_tenant() returns uuid
language plpgsql stable set search_path = ''
as $$
begin
  return substring(current_user::text from '^reader_([0-9a-f]{32})$')::uuid;
end
$$;
revoke all on function access.reader_tenant() from public, anon, authenticated, service_role;
grant execute on function access.reader_tenant() to tenant_reader;
grant usage on schema public, access to tenant_reader;

grant select (tenant_id, device_id, last_received_at, clock_skew, fields) on public.device_status to tenant_reader;
grant select on public.devices, public.telemetry to tenant_reader;
grant select (id, tenant_id, name, kind, device_id, field, severity, enabled) on public.alert_rules to tenant_reader;
grant select (id, tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, acknowledged_at, value, message)
  on public.alerts to tenant_reader;
create policy readers_select on public.devices for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
create policy readers_select on public.device_status for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
create policy readers_select on public.telemetry for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
create policy readers_select on public.alert_rules for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
create policy readers_select on public.alerts for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
