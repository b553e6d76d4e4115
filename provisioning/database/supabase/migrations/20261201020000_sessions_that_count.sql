-- A session counts only while the auth service keeps it, and at the level that its account asks for. An access token outlives both by up
-- to an hour: what policies and functions ask about the signed-in person looks at the auth service's own tables each time.

-- Without these rights each request of each person would fail.
do $$
declare
  own text;
begin
  foreach own in array array['auth.users', 'auth.sessions', 'auth.mfa_factors'] loop
    if to_regclass(own) is not null and not has_table_privilege(own, 'select') then
      raise exception 'role % may not read %', current_user, own
        using hint = 'The auth service grants it to postgres. Otherwise have its owner run: grant select on ' || own || ' to ' || current_user || ';';
    end if;
  end loop;
end
$$;

-- Raises when the signed-in person's session has ended, was opened without their second factor, or is a banned account's. A table that
-- the auth service does not have (an older service, or another) is not asked for. By the SQLSTATE, 28000, the dashboard knows that it has
-- to renew its session or to end it. Policies call the functions below within `(select …)`: Postgres evaluates that once a query and
-- not once a row.
create function access.check_session() returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  claims constant jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  me constant uuid := auth.uid();
begin
  if me is null then
    return;
  end if;
  -- By the row as JSON: a service without bans has no such column.
  if (select (to_jsonb(u) ->> 'banned_until')::timestamptz > now() from auth.users as u where u.id = me) then
    raise exception 'this account is blocked' using errcode = 'invalid_authorization_specification', hint = 'Ask the platform''s operator.';
  end if;
  -- Each look in a block of its own: a table that is not there is not looked for.
  if claims ? 'session_id' and to_regclass('auth.sessions') is not null then
    if not exists (select from auth.sessions as s where s.id = (claims ->> 'session_id')::uuid and s.user_id = me) then
      raise exception 'this session has ended' using errcode = 'invalid_authorization_specification', hint = 'Sign in again.';
    end if;
  end if;
  if claims ->> 'aal' is distinct from 'aal2' and to_regclass('auth.mfa_factors') is not null then
    if exists (select from auth.mfa_factors as f where f.user_id = me and f.status::text = 'verified') then
      raise exception 'this account has a second factor, and this session was opened without it'
        using errcode = 'invalid_authorization_specification', hint = 'Sign in again, and enter the code of your authenticator app.';
    end if;
  end if;
end
$$;

create or replace function access.my_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.check_session();
  return array(select m.tenant_id from public.memberships as m where m.user_id = auth.uid());
end
$$;

create or replace function access.staffed_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.check_session();
  return array(
    select m.tenant_id from public.memberships as m where m.user_id = auth.uid() and m.role in ('owner', 'staff'));
end
$$;

create or replace function access.owned_tenants() returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.check_session();
  return array(
    select m.tenant_id from public.memberships as m where m.user_id = auth.uid() and m.role = 'owner');
end
$$;

create or replace function access.require_role(tenant uuid, allowed text[], noun text default 'tenant') returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  mine constant text := (
    select m.role from public.memberships as m where m.tenant_id = tenant and m.user_id = (select auth.uid()));
begin
  perform access.check_session();
  if mine is null then
    raise exception 'there is no such %', noun
      using errcode = 'no_data_found', hint = 'It may have been removed, or you are not a member of its tenant.';
  elsif mine <> all (allowed) then
    raise exception 'your role in this tenant, %, does not allow this', mine
      using errcode = 'insufficient_privilege', hint = 'Needed: ' || array_to_string(allowed, ' or ') || '. An owner can change your role.';
  end if;
end
$$;

-- Making a tenant and accepting an invitation ask for no role: what they have in common is that they make a member.
create function access.check_joining() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.check_session();
  return new;
end
$$;
create trigger check_joining before insert on public.memberships
  for each row execute function access.check_joining();

-- Members see each other by the address of their joining: after a change, the person takes the new one along.
create function public.take_my_address() returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.check_session();
  update public.memberships as m set email = access.my_email()
  where m.user_id = auth.uid() and m.email <> access.my_email();
end
$$;

revoke all on function access.check_session(), access.check_joining(), public.take_my_address() from public, anon, authenticated, service_role;
grant execute on function public.take_my_address() to authenticated;
