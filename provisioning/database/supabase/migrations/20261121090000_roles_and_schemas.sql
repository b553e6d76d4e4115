-- Who may do what: private schemas, the platform's two login roles, and no automatic grants.

-- The functions below run as the role that applies this file, and every table forces row-level security on its owner
-- too. Without BYPASSRLS they would silently see no rows.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = current_user and (rolsuper or rolbypassrls)) then
    raise exception 'role % may not apply these migrations: it lacks BYPASSRLS', current_user
      using hint = 'Connect as "postgres" (Supabase) or as a superuser.';
  end if;
end
$$;

-- Nothing made later is readable because someone forgot a revoke: grants are written out, table by table.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
alter default privileges revoke execute on functions from public;
revoke create on schema public from public;

-- Not among PostgREST's exposed schemas, and no API role has USAGE.
create schema ingest;
create schema broker;
comment on schema ingest is 'What the ingest function needs besides its tables: leases, message identity, telemetry partitions. Private.';
comment on schema broker is 'What the broker machine reads: the registry of credentials. Private.';

-- mqtt_ingest writes telemetry with COPY, which Postgres refuses to a role that is subject to row-level security, so it
-- bypasses RLS; its grants (INSERT only) are what bounds it. Both roles get a password and LOGIN from
-- `npm run ops -- db login`.
do $$
declare
  bypass constant boolean := (select rolbypassrls from pg_catalog.pg_roles where rolname = 'mqtt_ingest');
begin
  if bypass is null then
    create role mqtt_ingest nologin noinherit bypassrls;
  elsif not bypass then
    alter role mqtt_ingest bypassrls;
  end if;
exception when insufficient_privilege then
  raise exception 'role % may not create the role mqtt_ingest with BYPASSRLS: %', current_user, sqlerrm
    using hint = 'Postgres 16 and newer let a role with CREATEROLE and BYPASSRLS do it. Otherwise run once as a superuser: '
      'CREATE ROLE mqtt_ingest NOLOGIN NOINHERIT BYPASSRLS; then apply the migrations again.';
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'broker_sync') then
    create role broker_sync nologin noinherit;
  end if;
end
$$;

grant usage on schema public, ingest to mqtt_ingest;
grant usage on schema broker to broker_sync;
