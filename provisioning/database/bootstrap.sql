-- Makes of a bare Postgres what the migrations expect to find, as Supabase ships it: the API roles and the auth schema.
-- Runs only where they are missing, and changes nothing that exists.

do $$
declare
  api_role text;
begin
  foreach api_role in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = api_role) then
      execute format('create role %I nologin noinherit %s', api_role,
        case api_role when 'service_role' then 'bypassrls' else '' end);
    end if;
  end loop;
end
$$;

grant usage on schema public to anon, authenticated, service_role;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;

create table if not exists auth.users (
  id uuid primary key default gen_random_uuid(),
  email text unique,
  created_at timestamptz not null default now()
);

-- PostgREST sets request.jwt.claims for every request; the subject is the signed-in user. Parsed now, so no search_path
-- can change it, and inlined where it is used.
do $$
begin
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable
    return nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid;
    grant execute on function auth.uid() to anon, authenticated, service_role;
  end if;
end
$$;
