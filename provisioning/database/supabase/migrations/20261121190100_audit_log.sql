-- Who changed what. Written by triggers only, so nothing that changes these tables can forget it; never changed again.

create table public.audit_log (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  at timestamptz not null default clock_timestamp(),
  -- Null: the platform or an operator. No foreign key: what was done outlives who did it.
  actor_id uuid,
  actor_email text,
  -- What, and what with it: "device.created".
  action text not null,
  -- Which: a slug, an e-mail address, an id.
  subject text,
  details jsonb not null default '{}'
);
create index audit_log_tenant_at on public.audit_log (tenant_id, at desc);

alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select on public.audit_log to authenticated, service_role;
create policy service_role_select on public.audit_log for select to service_role using (true);
create policy owners_select on public.audit_log for select to authenticated
  using (tenant_id = any ((select access.owned_tenants())::uuid[]));

-- Refuses what no grant refuses: the table's owner and superusers. Only a removed tenant's entries go, with it.
create function access.refuse_audit_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from public.tenants as t where t.id = old.tenant_id) then
      return old;
    end if;
  end if;
  raise exception 'the audit log is append only: % is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete on public.audit_log
  for each row execute function access.refuse_audit_change();
create trigger append_only_truncate before truncate on public.audit_log
  for each statement execute function access.refuse_audit_change();

-- Notes one changed row. Arguments: the noun of the action, and the column that names the row to people.
create function access.audit() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- Hashes are nobody's business, a command's payload may be anything and is in its own table.
  hidden constant text[] := array['password_hash', 'token_hash', 'payload'];
  before constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - hidden end;
  after constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - hidden end;
  entry constant jsonb := coalesce(after, before);
  tenant constant uuid := coalesce(entry ->> 'tenant_id', entry ->> 'id');
  changed jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(a.key, jsonb_build_object('from', before -> a.key, 'to', a.value)) into changed
    from jsonb_each(after) as a where a.value is distinct from before -> a.key;
    if changed is null then
      return null;
    end if;
  end if;
  -- Nothing is left to note on when the whole tenant goes.
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
  select t.id, auth.uid(), access.my_email(),
    tg_argv[0] || case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.changed' else '.deleted' end,
    entry ->> tg_argv[1], coalesce(changed, entry - 'tenant_id')
  from public.tenants as t where t.id = tenant;
  return null;
end
$$;
revoke all on function access.refuse_audit_change(), access.audit() from public, anon, authenticated, service_role;

create trigger audit after insert or update on public.tenants
  for each row execute function access.audit('tenant', 'slug');
create trigger audit after insert or update or delete on public.memberships
  for each row execute function access.audit('member', 'email');
create trigger audit after insert or update or delete on public.devices
  for each row execute function access.audit('device', 'slug');
create trigger audit after insert or update on public.device_credentials
  for each row execute function access.audit('device_key', 'device_id');
create trigger audit after insert or update or delete on public.tenant_limits
  for each row execute function access.audit('limits', 'tenant_id');
