-- Who belongs to which tenant, as what; and what a signed-in person may read because of it.

-- Private: PostgREST does not expose it. API roles need USAGE because policies call its functions as whoever asks.
create schema access;
revoke all on schema access from public;
grant usage on schema access to authenticated;
comment on schema access is 'Which tenants the signed-in person may read, staff or owns: what policies and functions ask. Private.';

create table public.memberships (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  -- As it was at acceptance, in lower case: members see each other by it, and auth.users is closed to them.
  email text not null check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
  role text not null check (role in ('owner', 'staff', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
create index memberships_user on public.memberships (user_id) include (tenant_id, role);

-- Security definer, because a policy of memberships that read memberships would ask itself. Called as
-- `= any ((select access.my_tenants())::uuid[])`, each is an init-plan: run once a query, and usable by an index. In
-- PL/pgSQL, because that keeps their plans: as SQL functions they took ten times as long.
create function access.my_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(select m.tenant_id from public.memberships as m where m.user_id = auth.uid());
end
$$;

create function access.staffed_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(
    select m.tenant_id from public.memberships as m where m.user_id = auth.uid() and m.role in ('owner', 'staff'));
end
$$;

create function access.owned_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(
    select m.tenant_id from public.memberships as m where m.user_id = auth.uid() and m.role = 'owner');
end
$$;

-- The signed-in person's e-mail address in lower case, from the token that the auth server signed; null without one.
create function access.my_email() returns text
language sql stable set search_path = ''
as $$
  select lower(nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email', ''));
$$;

-- Raises unless the signed-in person has one of the roles in the tenant. Whoever is no member is told the same as if
-- there were no such thing: nobody learns which ids exist elsewhere.
create function access.require_role(tenant uuid, allowed text[], noun text default 'tenant') returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  mine constant text := (
    select m.role from public.memberships as m where m.tenant_id = tenant and m.user_id = (select auth.uid()));
begin
  if mine is null then
    raise exception 'there is no such %', noun
      using errcode = 'no_data_found', hint = 'It may have been removed, or you are not a member of its tenant.';
  elsif mine <> all (allowed) then
    raise exception 'your role in this tenant, %, does not allow this', mine
      using errcode = 'insufficient_privilege', hint = 'Needed: ' || array_to_string(allowed, ' or ') || '. An owner can change your role.';
  end if;
end
$$;

revoke all on function access.my_tenants(), access.staffed_tenants(), access.owned_tenants(), access.my_email(),
  access.require_role(uuid, text[], text) from public, anon, authenticated, service_role;
grant execute on function access.my_tenants(), access.staffed_tenants(), access.owned_tenants() to authenticated;

alter table public.memberships enable row level security;
alter table public.memberships force row level security;
revoke all on public.memberships from public, anon, authenticated, service_role;
grant select on public.memberships to authenticated;
grant select, insert, update, delete on public.memberships to service_role;
create policy service_role_all on public.memberships for all to service_role using (true) with check (true);
create policy members_select on public.memberships for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));

-- A tenant always has an owner. The update makes whoever takes an owner away wait for others who do, and fail under
-- REPEATABLE READ, where a mere lock would let both count each other.
create function access.keep_an_owner() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.role = 'owner' and new.tenant_id = old.tenant_id and new.user_id = old.user_id then
    return new;
  end if;
  update public.tenants as t set name = t.name where t.id = old.tenant_id;
  if found and not exists (
    select from public.memberships as m
    where m.tenant_id = old.tenant_id and m.role = 'owner' and m.user_id <> old.user_id
  ) then
    raise exception 'the last owner cannot leave or become something else'
      using errcode = 'insufficient_privilege', hint = 'Make another member owner first.';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
revoke all on function access.keep_an_owner() from public, anon, authenticated, service_role;
create trigger keep_an_owner before update or delete on public.memberships
  for each row when (old.role = 'owner') execute function access.keep_an_owner();

-- What members read. Columns are written out where some are nobody's business.
grant select on public.tenants, public.devices, public.telemetry, public.tenant_limits, public.ingest_ledger,
  public.ingest_residuals, public.tenant_usage to authenticated;
grant select (id, tenant_id, device_id, created_at, revoked_at) on public.device_credentials to authenticated;
grant select (id, tenant_id, device_id, topic, payload, content_type, reason, detail, message_id, properties,
  received_at, redriven_at, redriven_as) on public.dead_letters to authenticated;

create policy members_select on public.tenants for select to authenticated
  using (id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.devices for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.telemetry for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.tenant_limits for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.ingest_ledger for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy staff_select on public.device_credentials for select to authenticated
  using (tenant_id = any ((select access.staffed_tenants())::uuid[]));
create policy staff_select on public.dead_letters for select to authenticated
  using (tenant_id = any ((select access.staffed_tenants())::uuid[]));

-- The tenants I belong to.
create function public.my_tenants() returns table (tenant_id uuid, slug text, name text, role text)
language sql stable set search_path = ''
as $$
  select t.id, t.slug, t.name, m.role
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id
  where m.user_id = (select auth.uid())
  order by t.slug;
$$;
revoke all on function public.my_tenants() from public, anon, authenticated, service_role;
grant execute on function public.my_tenants() to authenticated;
