-- Undoes telemetry-aside.sql: the old table is public.telemetry again. The platform's own is kept, under another name.
--
--   psql -v old_role=ROLE -f ops/adopt/telemetry-back.sql
\set ON_ERROR_STOP on
begin;
alter table if exists public.telemetry rename to telemetry_of_the_platform;
alter table before_adoption.telemetry set schema public;
alter role :"old_role" reset search_path;
drop schema before_adoption;
commit;
