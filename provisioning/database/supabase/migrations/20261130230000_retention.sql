-- Retention: how long readings stay, and how they leave. The day's partition is detached when nobody needs it any more; rows that leave
-- earlier, or lie outside the days' partitions, leave in bounded steps. With an archive, both wait apart until they were archived.

-- One row. `days` null: readings stay indefinitely.
create table ingest.retention (
  one boolean primary key default true check (one),
  days int check (days between 1 and 3650),
  -- Whether readings must be archived before they are removed.
  archive boolean not null default false
);
-- A platform that has readings already loses none before its operator says so.
insert into ingest.retention (days) select case when exists (select from public.telemetry) then null else 30 end;

-- Tenants with days of their own.
create table ingest.tenant_retention (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  days int not null check (days between 1 and 3650)
);

-- Days whose partition has been detached. None of them gets a partition again by itself: what comes late lies in the default partition.
create table ingest.retired_days (
  day date primary key,
  retired_at timestamptz not null default clock_timestamp(),
  -- Null: its rows wait in ingest.retired_YYYYMMDD.
  dropped_at timestamptz,
  -- Until then its restored partition stays.
  held_until timestamptz
);

-- Rows that left without their partition: of tenants with a shorter retention, and late ones. `day` is the one under which they are archived.
create table ingest.retired_rows (
  like public.telemetry including defaults including constraints,
  day date not null,
  primary key (tenant_id, day, device_id, ts, message_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['retention', 'tenant_retention', 'retired_days', 'retired_rows'] loop
    execute format('alter table ingest.%I enable row level security', name);
    execute format('alter table ingest.%I force row level security', name);
    execute format('revoke all on ingest.%I from public, anon, authenticated, service_role', name);
  end loop;
end
$$;

create function ingest.retention_days(tenant uuid) returns int
language sql stable security definer set search_path = ''
as $$
  select coalesce((select o.days from ingest.tenant_retention as o where o.tenant_id = tenant), (select r.days from ingest.retention as r));
$$;

-- The day on which it is, for retention: by the server's clock, and by the broker's, which the newest reading shows. The earlier one counts,
-- so no single clock that is ahead removes anything. Null: no reading ever came.
create function ingest.retention_today() returns date
language sql stable security definer set search_path = ''
as $$
  select (least(clock_timestamp(), max(s.last_received_at)) at time zone 'UTC')::date from public.device_status as s
  -- Of a null, least() says nothing.
  having max(s.last_received_at) is not null;
$$;

-- The day under which a reading is archived: that of the device's time, or that of its receipt when that time cannot be right. So a wrong
-- clock does not make a file for each of its readings.
create function ingest.archive_day(ts timestamptz, received_at timestamptz) returns date
language sql immutable set search_path = ''
as $$
  select (case when ts >= received_at - interval '400 days' and ts < received_at + interval '8 days' then ts else received_at end
    at time zone 'UTC')::date;
$$;

-- Tenants with rows in a table of readings, each found by one look at its key.
create function ingest.tenants_in(source text) returns setof uuid
language plpgsql stable set search_path = ''
as $$
declare
  tenant uuid;
begin
  execute format('select t.tenant_id from ingest.%I as t order by t.tenant_id limit 1', source) into tenant;
  while tenant is not null loop
    return next tenant;
    execute format('select t.tenant_id from ingest.%I as t where t.tenant_id > $1 order by t.tenant_id limit 1', source)
    into tenant using tenant;
  end loop;
end
$$;

-- Attached days on which somebody's readings are due, oldest first.
create function ingest.due_days() returns table (source text, day date)
language sql stable set search_path = ''
as $$
  select d.source, d.day
  from (
    select c.relname::text as source, to_date(substr(c.relname, 11), 'YYYYMMDD') as day
    from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '^telemetry_[0-9]{8}$'
  ) as d
  where d.day < ingest.retention_today()
      - (select min(n.days) from (select r.days from ingest.retention as r union all select o.days from ingest.tenant_retention as o) as n)
    and not exists (select from ingest.retired_days as r where r.day = d.day and r.held_until > clock_timestamp())
  order by d.day;
$$;

-- Whether all rows of a day may leave.
create function ingest.is_due(source text, day date) returns boolean
language sql stable set search_path = ''
as $$
  select not exists (select from ingest.tenants_in(source) as t (id)
    where (day < ingest.retention_today() - ingest.retention_days(t.id)) is not true);
$$;

-- Detaches the oldest day that may leave, and returns the name of the table that has its rows now; null when there is none. An insert waits
-- for it for at most the lock's time: on lock_not_available (55P03) the caller tries again later.
create function ingest.retire_day() returns text
language plpgsql security definer set search_path = '' set timezone = 'UTC' set lock_timeout = '300ms'
as $$
declare
  part record;
  retired text;
begin
  perform pg_advisory_xact_lock(hashtext('ingest.ensure_telemetry_partitions'));
  for part in select * from ingest.due_days() loop
    continue when not ingest.is_due(part.source, part.day);
    retired := 'retired_' || to_char(part.day, 'YYYYMMDD');
    -- In the order in which an insert takes them.
    lock table public.telemetry in access exclusive mode;
    -- A reading may have come meanwhile.
    if not ingest.is_due(part.source, part.day) then
      return null;
    end if;
    execute format('alter table public.telemetry detach partition ingest.%I', part.source);
    execute format('alter table ingest.%I rename to %I', part.source, retired);
    execute format('grant select on ingest.%I to archive_writer', retired);
    execute format('create policy archive_writer_select on ingest.%I for select to archive_writer using (true)', retired);
    insert into ingest.retired_days (day) values (part.day)
    on conflict (day) do update set retired_at = clock_timestamp(), dropped_at = null, held_until = null;
    return retired;
  end loop;
  return null;
end
$$;

-- Takes at most `most` rows out of the tables of readings: of tenants whose time has come while others' has not, and those outside the
-- days' partitions, whose age counts from their receipt. Returns how many.
create function ingest.retire_rows(most int) returns int
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  part record;
  tenant uuid;
  source text;
  taken int;
  today constant date := ingest.retention_today();
begin
  if (most between 1 and 10000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 10000.';
  end if;
  for part in select * from ingest.due_days() loop
    continue when ingest.is_due(part.source, part.day);
    for tenant in
      select t.id from ingest.tenants_in(part.source) as t (id)
      where part.day < today - ingest.retention_days(t.id)
    loop
      taken := ingest.take_rows(part.source, format('t.tenant_id = %L', tenant), most);
      if taken > 0 then
        return taken;
      end if;
    end loop;
  end loop;
  foreach source in array array['telemetry_default', 'telemetry_before'] loop
    taken := ingest.take_rows(source, format(
      $sql$received_at < (%L::date - coalesce((select o.days from ingest.tenant_retention as o where o.tenant_id = t.tenant_id), %L::int))::timestamptz
        and not exists (select from ingest.retired_days as r where r.day = ingest.archive_day(t.ts, t.received_at)
          and r.held_until > clock_timestamp())$sql$,
      today, (select r.days from ingest.retention as r)), most);
    if taken > 0 then
      return taken;
    end if;
  end loop;
  return 0;
end
$$;

-- Moves rows to where they wait for the archive, or deletes them.
create function ingest.take_rows(source text, condition text, most int) returns int
language plpgsql set search_path = ''
as $$
declare
  taken int;
begin
  execute format(
    'with gone as (delete from ingest.%1$I where ctid = any (array(select t.ctid from ingest.%1$I as t where %2$s limit %3$s)) returning *),
       kept as (
         insert into ingest.retired_rows (tenant_id, device_id, ts, message_id, received_at, payload, day)
         select tenant_id, device_id, ts, message_id, received_at, payload, ingest.archive_day(ts, received_at) from gone
         where (select r.archive from ingest.retention as r)
         on conflict do nothing)
     select count(*) from gone', source, condition, most)
  into taken;
  return taken;
end
$$;

-- Removes what waits without an archive to wait for: a detached day, or at most `most` rows. Returns what it removed; null: nothing.
create function ingest.drop_retired(most int) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  oldest date;
  gone int;
begin
  if (select r.archive from ingest.retention as r for share) then
    return null;
  end if;
  select d.day into oldest from ingest.retired_days as d where d.dropped_at is null order by d.day limit 1;
  if found then
    execute format('drop table if exists ingest.%I', 'retired_' || to_char(oldest, 'YYYYMMDD'));
    update ingest.retired_days as d set dropped_at = clock_timestamp() where d.day = oldest;
    return oldest::text;
  end if;
  delete from ingest.retired_rows where ctid = any (array(select ctid from ingest.retired_rows limit most));
  get diagnostics gone = row_count;
  return case when gone > 0 then format('%s rows', gone) end;
end
$$;

-- As before, but a day that has been retired gets no partition again.
create or replace function ingest.ensure_telemetry_partitions(days_ahead int default 7) returns int
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  today constant date := current_date;
  wanted date;
  made int := 0;
begin
  if days_ahead is null or days_ahead not between 0 and 60 then
    raise exception 'days_ahead is %, it must be between 0 and 60', coalesce(days_ahead::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  -- Before the default partition is read: two callers that had both read it would each wait for the other to let go.
  perform pg_advisory_xact_lock(hashtext('ingest.ensure_telemetry_partitions'));
  for wanted in
    select w.day from (
      select d::date as day from generate_series(today, today + days_ahead, interval '1 day') as d
      union
      select ts::date from ingest.telemetry_default
      where ts >= (today - 60)::timestamptz and ts < (today + 1)::timestamptz
    ) as w
    where not exists (select from ingest.retired_days as r where r.day = w.day)
    order by 1
  loop
    if ingest.make_telemetry_partition(wanted) then
      made := made + 1;
    end if;
  end loop;
  return made;
end
$$;

comment on table ingest.retention is 'For how long readings stay, for tenants without days of their own. Private.';

revoke execute on function ingest.retention_days(uuid), ingest.retention_today(), ingest.archive_day(timestamptz, timestamptz),
  ingest.tenants_in(text), ingest.due_days(), ingest.is_due(text, date), ingest.retire_day(), ingest.retire_rows(int),
  ingest.take_rows(text, text, int), ingest.drop_retired(int) from public;
grant execute on function ingest.retire_day(), ingest.retire_rows(int), ingest.drop_retired(int) to mqtt_ingest;
