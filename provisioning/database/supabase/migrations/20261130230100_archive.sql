-- The archive: readings that left the tables of readings, as objects of a store outside the database. The program is ops/archive; this is
-- what the database knows of it. Nothing is dropped before the object was read back and had the contents that the table has.

-- Who writes the archive reads the tables of detached days, and executes functions; it reads no other table.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'archive_writer') then
    create role archive_writer nologin inherit;
  end if;
exception when insufficient_privilege then
  raise exception 'role % may not make the role archive_writer: %', current_user, sqlerrm
    using hint = 'Run once as a superuser: CREATE ROLE archive_writer NOLOGIN INHERIT; then apply the migrations again.';
end
$$;
alter role archive_writer connection limit 4;
grant usage on schema ingest to archive_writer;

-- Objects, by name: archive/tenant=<id>/day=<yyyy-mm-dd>/<checksum>.parquet.
create table ingest.archive_objects (
  name text primary key check (name ~ '^archive/tenant=[0-9a-f-]{36}/day=[0-9-]{10}/[0-9a-f]{32}\.parquet$'),
  -- No foreign key: the object stays until it is removed from the store, also when its tenant is gone.
  tenant_id uuid not null,
  day date not null,
  -- The table that has, or had, the rows: retired_YYYYMMDD or retired_rows.
  source text not null,
  rows bigint not null check (rows > 0),
  checksum text not null check (checksum ~ '^[0-9a-f]{32}$'),
  bytes bigint not null check (bytes > 0),
  archived_at timestamptz not null default clock_timestamp(),
  -- When the rows left the database. Null: they are still there.
  released_at timestamptz,
  -- Another object has the same rows: this one is to be removed.
  superseded_at timestamptz
);
create index archive_objects_day on ingest.archive_objects (tenant_id, day);
create index archive_objects_superseded on ingest.archive_objects (superseded_at) where superseded_at is not null;

-- What is to be removed from the archive: a tenant, or one of its devices. `done_at` null: still to be done.
create table ingest.archive_removals (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,
  device_id uuid,
  asked_at timestamptz not null default clock_timestamp(),
  done_at timestamptz
);
create index archive_removals_tenant on ingest.archive_removals (tenant_id);

-- Runs of the program.
create table ingest.archive_runs (
  id bigint generated always as identity primary key,
  started_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp(),
  rows bigint not null check (rows >= 0),
  bytes bigint not null check (bytes >= 0),
  -- Null: all went well.
  problem text check (length(problem) between 1 and 500)
);

do $$
declare
  name text;
begin
  foreach name in array array['archive_objects', 'archive_removals', 'archive_runs'] loop
    execute format('alter table ingest.%I enable row level security', name);
    execute format('alter table ingest.%I force row level security', name);
    execute format('revoke all on ingest.%I from public, anon, authenticated, service_role', name);
  end loop;
end
$$;
-- The number of a tenant's rows of a day, and a checksum over all that they have: two sums, each of 60 bits of every row's MD5. It is the same in
-- any order; ops/archive/parquet.ts computes it from an object.
create function ingest.archive_facts(source regclass, tenant uuid, of_day date) returns table (rows bigint, checksum text)
language plpgsql stable set search_path = ''
as $$
begin
  return query execute format(
    $sql$
    select count(*), lpad(to_hex((coalesce(sum(('x0' || substr(h, 1, 15))::bit(64)::bigint), 0) %% 9223372036854775807)::bigint), 16, '0')
      || lpad(to_hex((coalesce(sum(('x0' || substr(h, 17, 15))::bit(64)::bigint), 0) %% 9223372036854775807)::bigint), 16, '0')
    from (
      select md5(concat_ws('|', tenant_id, device_id, (extract(epoch from ts) * 1000000)::bigint,
        (extract(epoch from received_at) * 1000000)::bigint, octet_length(message_id), message_id, payload)) as h
      from %s where tenant_id = $1 and %s
    ) as hashes
    $sql$, source, case when source = 'ingest.retired_rows'::regclass then 'day = $2' else '$2 is not null' end) using tenant, of_day;
end
$$;

-- The same of what waits, for who writes the archive.
create function ingest.retired_facts(source text, tenant uuid, of_day date) returns table (rows bigint, checksum text)
language plpgsql stable security definer set search_path = ''
as $$
begin
  if source !~ '^retired_([0-9]{8}|rows)$' then
    raise exception 'nothing waits in %', source using errcode = 'invalid_parameter_value';
  end if;
  return query select * from ingest.archive_facts(format('ingest.%I', source)::regclass, tenant, of_day);
end
$$;

-- Rows that left without their partition, in the order of their key.
create function ingest.retired_readings(tenant uuid, of_day date) returns setof ingest.retired_rows
language sql stable security definer set search_path = ''
as $$
  select r.* from ingest.retired_rows as r where r.tenant_id = tenant and r.day = of_day order by r.device_id, r.ts, r.message_id;
$$;

create function ingest.archive_is_on() returns boolean
language sql stable security definer set search_path = ''
as $$
  select coalesce((select r.archive from ingest.retention as r), false);
$$;

-- Objects with the short name of their tenant, null when it was deleted.
create function ingest.archived_objects()
returns table (name text, tenant_id uuid, slug text, day date, source text, rows bigint, checksum text, bytes bigint, released boolean,
  superseded boolean)
language sql stable security definer set search_path = ''
as $$
  select o.name, o.tenant_id, t.slug, o.day, o.source, o.rows, o.checksum, o.bytes, o.released_at is not null, o.superseded_at is not null
  from ingest.archive_objects as o left join public.tenants as t on t.id = o.tenant_id;
$$;

create function ingest.open_removals() returns setof ingest.archive_removals
language sql stable security definer set search_path = ''
as $$
  select r.* from ingest.archive_removals as r where r.done_at is null order by r.id;
$$;

-- What waits: each table, and in it each tenant and day; tenant null: the day has no rows. Of rows that left without their partition at most 100 days of a tenant at a time.
create function ingest.archive_pending() returns table (source text, tenant_id uuid, day date)
language plpgsql stable security definer set search_path = ''
as $$
declare
  table_name text;
begin
  for table_name, day in
    select 'retired_' || to_char(d.day, 'YYYYMMDD'), d.day from ingest.retired_days as d where d.dropped_at is null order by d.day
  loop
    return query select table_name, t.id, archive_pending.day from (select 1) as one left join ingest.tenants_in(table_name) as t (id) on true;
  end loop;
  return query
    select 'retired_rows', n.tenant_id, n.day
    from (
      select g.tenant_id, g.day, row_number() over (partition by g.tenant_id order by g.day) as place
      from (select r.tenant_id, r.day from ingest.retired_rows as r group by r.tenant_id, r.day) as g
    ) as n
    where n.place <= 100 order by 2, 3;
end
$$;

-- Notes an object that was read back. Others of the same source whose rows are still in the database hold an older state of it: they are
-- superseded. Source null: its rows are not in the database any more.
create function ingest.record_archived(name text, tenant uuid, day date, source text, rows bigint, checksum text, bytes bigint)
returns void language sql security definer set search_path = ''
as $$
  update ingest.archive_objects as o set superseded_at = clock_timestamp()
  where o.tenant_id = tenant and o.day = record_archived.day and o.source = record_archived.source and o.released_at is null
    and o.name <> record_archived.name and o.superseded_at is null;
  insert into ingest.archive_objects (name, tenant_id, day, source, rows, checksum, bytes, released_at)
  values (record_archived.name, tenant, record_archived.day, coalesce(record_archived.source, 'unknown'), record_archived.rows,
    record_archived.checksum, record_archived.bytes, case when record_archived.source is null then clock_timestamp() end)
  on conflict on constraint archive_objects_pkey do update
  set source = excluded.source, superseded_at = null, released_at = excluded.released_at, archived_at = excluded.archived_at;
$$;

-- An object that is in the store no more.
create function ingest.forget_object(name text) returns void
language sql security definer set search_path = ''
as $$
  delete from ingest.archive_objects as o where o.name = forget_object.name;
$$;

-- @throws MS002 when no object has exactly what the table has of this tenant and day.
create function ingest.assert_archived(source text, tenant uuid, of_day date) returns void
language plpgsql set search_path = ''
as $$
declare
  facts record;
begin
  select * into facts from ingest.archive_facts(format('ingest.%I', source)::regclass, tenant, of_day);
  if not exists (
    select from ingest.archive_objects as o
    where o.tenant_id = tenant and o.day = of_day and o.source = assert_archived.source and o.released_at is null
      and o.superseded_at is null and o.rows = facts.rows and o.checksum = facts.checksum)
  then
    raise exception 'the archive has no object with the % rows of tenant % and day % in ingest.%', facts.rows, tenant, of_day, source
      using errcode = 'MS002', hint = 'Nothing was dropped; the next run archives them again.';
  end if;
end
$$;

-- Drops a detached day when each of its rows is archived. Compares them once more: the table cannot change meanwhile. Rows of the tenants in
-- `failed` wait in ingest.retired_rows instead, so that no tenant keeps the others' rows; but a day only after two more, because what fails is
-- mostly the store. Returns whether the table was dropped.
create function ingest.release_day(day date, failed uuid[] default '{}') returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  retired constant text := 'retired_' || to_char(day, 'YYYYMMDD');
  since timestamptz;
  tenant uuid;
begin
  select d.retired_at into since from ingest.retired_days as d where d.day = release_day.day and d.dropped_at is null for update;
  if not found then
    raise exception 'no day % waits', day using errcode = 'no_data_found';
  end if;
  if cardinality(failed) > 0 and since > clock_timestamp() - interval '2 days' then
    return false;
  end if;
  execute format('lock table ingest.%I in share mode', retired);
  for tenant in select * from ingest.tenants_in(retired) loop
    if tenant = any (failed) then
      execute format(
        'insert into ingest.retired_rows (tenant_id, device_id, ts, message_id, received_at, payload, day)
         select t.tenant_id, t.device_id, t.ts, t.message_id, t.received_at, t.payload, $2 from ingest.%I as t where t.tenant_id = $1
         on conflict do nothing', retired) using tenant, day;
      update ingest.archive_objects as o set source = 'retired_rows'
      where o.tenant_id = tenant and o.day = release_day.day and o.source = retired and o.released_at is null;
      continue;
    end if;
    perform ingest.assert_archived(retired, tenant, day);
    update ingest.archive_objects as o set released_at = clock_timestamp()
    where o.tenant_id = tenant and o.day = release_day.day and o.source = retired and o.released_at is null
      and o.superseded_at is null;
  end loop;
  execute format('drop table ingest.%I', retired);
  update ingest.retired_days as d set dropped_at = clock_timestamp() where d.day = release_day.day;
  return true;
end
$$;

-- The same for rows that left without their partition. Returns how many it removed.
create function ingest.release_rows(tenant uuid, of_day date) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  gone bigint;
begin
  lock table ingest.retired_rows in share row exclusive mode;
  perform ingest.assert_archived('retired_rows', tenant, of_day);
  delete from ingest.retired_rows as r where r.tenant_id = tenant and r.day = of_day;
  get diagnostics gone = row_count;
  update ingest.archive_objects as o set released_at = clock_timestamp()
  where o.tenant_id = tenant and o.day = of_day and o.source = 'retired_rows' and o.released_at is null and o.superseded_at is null;
  return gone;
end
$$;

-- Has a day ready for rows that come back from the archive: they stay for `hold_days`.
create function ingest.reopen_day(day date, hold_days int) returns void
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  if (hold_days between 1 and 3650) is not true then
    raise exception 'hold_days is %', coalesce(hold_days::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 3650.';
  end if;
  perform pg_advisory_xact_lock(hashtext('ingest.ensure_telemetry_partitions'));
  if exists (select from ingest.retired_days as d where d.day = reopen_day.day and d.dropped_at is null) then
    raise exception 'the day % is still in the database: it waits for the archive', day using errcode = 'object_in_use',
      hint = 'Run "archive run" first.';
  end if;
  insert into ingest.retired_days as d (day, dropped_at, held_until)
  values (reopen_day.day, clock_timestamp(), clock_timestamp() + hold_days * interval '1 day')
  on conflict on constraint retired_days_pkey do update set held_until = greatest(d.held_until, excluded.held_until);
  begin
    perform ingest.make_telemetry_partition(reopen_day.day);
  exception when invalid_object_definition then
    -- It would overlap the table of times long before the platform, which takes the rows.
    null;
  end;
end
$$;

-- For deletion, of a tenant or of one device: has the next run remove what is archived. False when nothing is, and while the archive is on
-- a run has looked: it may have been killed before it noted an object.
create function ingest.forget_archived(tenant uuid, device uuid default null) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (select from ingest.archive_objects as o where o.tenant_id = tenant) and (not ingest.archive_is_on() or exists (
      select from ingest.archive_removals as r
      where r.tenant_id = tenant and r.device_id is not distinct from device and r.done_at is not null))
  then
    return false;
  end if;
  if not exists (
    select from ingest.archive_removals as r
    where r.tenant_id = tenant and r.device_id is not distinct from device and r.done_at is null)
  then
    insert into ingest.archive_removals (tenant_id, device_id) values (tenant, device);
  end if;
  return true;
end
$$;

-- A removal has been carried out.
create function ingest.note_removed(removal bigint) returns void
language sql security definer set search_path = ''
as $$
  update ingest.archive_removals as r set done_at = clock_timestamp() where r.id = removal;
$$;

-- Notes a run. Four hundred days of them stay.
create function ingest.record_archive_run(started_at timestamptz, rows bigint, bytes bigint, problem text) returns void
language sql security definer set search_path = ''
as $$
  delete from ingest.archive_runs as r where r.ended_at < clock_timestamp() - interval '400 days';
  delete from ingest.archive_removals as r where r.done_at < clock_timestamp() - interval '400 days';
  insert into ingest.archive_runs (started_at, rows, bytes, problem)
  values (record_archive_run.started_at, record_archive_run.rows, record_archive_run.bytes, left(nullif(record_archive_run.problem, ''), 500));
$$;

-- For monitoring, each name without its prefix; what never happened has none.
create function ingest.archive_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'archive_last_success_timestamp_seconds', (select extract(epoch from max(r.ended_at)) from ingest.archive_runs as r where r.problem is null),
    'archive_failing', (select (r.problem is not null)::int from ingest.archive_runs as r order by r.id desc limit 1),
    'archive_rows', (select sum(o.rows) from ingest.archive_objects as o where o.superseded_at is null),
    'archive_bytes', (select sum(o.bytes) from ingest.archive_objects as o where o.superseded_at is null),
    -- For how long the oldest day, or what a run could not archive, has waited: an archive that is not run shows here.
    'archive_waiting_seconds', case when (select r.archive from ingest.retention as r) then
      coalesce(extract(epoch from clock_timestamp() - least(
        (select min(d.retired_at) from ingest.retired_days as d where d.dropped_at is null),
        (select min(r.ended_at) from ingest.archive_runs as r
          where r.id > coalesce((select max(w.id) from ingest.archive_runs as w where w.problem is null), 0)))), 0)
      end));
$$;

revoke execute on function ingest.archive_facts(regclass, uuid, date),
  ingest.archive_pending(), ingest.record_archived(text, uuid, date, text, bigint, text, bigint), ingest.forget_object(text),
  ingest.assert_archived(text, uuid, date), ingest.release_day(date, uuid[]), ingest.release_rows(uuid, date), ingest.forget_archived(uuid, uuid),
  ingest.reopen_day(date, int), ingest.retired_facts(text, uuid, date),
  ingest.retired_readings(uuid, date), ingest.archive_is_on(), ingest.archived_objects(), ingest.open_removals(), ingest.note_removed(bigint),
  ingest.record_archive_run(timestamptz, bigint, bigint, text), ingest.archive_figures() from public;
grant execute on function ingest.archive_figures() to mqtt_ingest;
grant execute on function ingest.retired_facts(text, uuid, date), ingest.archive_pending(),
  ingest.record_archived(text, uuid, date, text, bigint, text, bigint), ingest.forget_object(text), ingest.release_day(date, uuid[]),
  ingest.release_rows(uuid, date), ingest.retired_readings(uuid, date), ingest.archive_is_on(), ingest.archived_objects(),
  ingest.open_removals(), ingest.note_removed(bigint), ingest.record_archive_run(timestamptz, bigint, bigint, text),
  ingest.archive_figures() to archive_writer;
