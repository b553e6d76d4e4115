-- Phase 1 of an adoption: makes room for the platform's public.telemetry. The old table goes into a schema of its own, where the
-- old ingest goes on writing: its role looks there first. Where its SQL says public.telemetry in full, change that first.
--
--   psql -v old_role=ROLE -f ops/adopt/telemetry-aside.sql       undone by telemetry-back.sql
\set ON_ERROR_STOP on
begin;
create schema before_adoption;
revoke all on schema before_adoption from public;
alter table public.telemetry set schema before_adoption;
grant usage on schema before_adoption to :"old_role";
alter role :"old_role" set search_path = before_adoption, public;
commit;
\echo The old ingest finds the table from its next connection on: restart it now.
