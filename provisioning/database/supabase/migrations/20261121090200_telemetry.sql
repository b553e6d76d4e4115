-- Readings, partitioned by the device's time.
--
-- One partition a UTC day: retention (30 days by default) then frees exactly a day at a time, where weeks would keep up
-- to six more days, a fifth more disk; and 30 to 40 partitions are few enough to plan. One index, the primary key: it
-- removes duplicates and serves "this tenant, this device, this span of time". No foreign keys: a reading outlives its
-- device until retention, and an insert must not wait for the registry's locks.

create table public.telemetry (
  tenant_id uuid not null,
  device_id uuid not null,
  ts timestamptz not null,
  -- Bounded because it is part of a B-tree key (limit 2,704 bytes).
  message_id text not null check (octet_length(message_id) between 1 and 200),
  received_at timestamptz not null default now(),
  payload jsonb not null,
  primary key (tenant_id, device_id, ts, message_id)
) partition by range (ts);

alter table public.telemetry enable row level security;
alter table public.telemetry force row level security;
revoke all on public.telemetry from public, anon, authenticated, service_role;
grant select, insert on public.telemetry to service_role;
grant insert on public.telemetry to mqtt_ingest;
create policy service_role_select on public.telemetry for select to service_role using (true);
create policy service_role_insert on public.telemetry for insert to service_role with check (true);

-- Partitions live in the private schema, so that the API shows public.telemetry only. Row-level security is not
-- inherited by a partition that is queried directly: it is forced on each, without any policy.
create table ingest.telemetry_default partition of public.telemetry default;
alter table ingest.telemetry_default enable row level security;
alter table ingest.telemetry_default force row level security;
revoke all on ingest.telemetry_default from public, anon, authenticated, service_role;
comment on table ingest.telemetry_default is
  'Readings whose day has no partition: a wrong clock, or very late. ingest.ensure_telemetry_partitions() empties it.';

-- Makes the partition of one UTC day, moving that day's rows out of the default partition. False when it was there.
-- Only ensure_telemetry_partitions calls it, one caller at a time.
create function ingest.make_telemetry_partition(day date) returns boolean
language plpgsql security definer set search_path = '' set timezone = 'UTC' set lock_timeout = '10s'
as $$
declare
  partition constant text := 'telemetry_' || to_char(day, 'YYYYMMDD');
  low constant timestamptz := day::timestamptz;
  high constant timestamptz := (day + 1)::timestamptz;
begin
  if to_regclass('ingest.' || partition) is not null then
    return false;
  end if;
  execute format('create table ingest.%I (like public.telemetry including defaults including constraints including indexes)', partition);
  execute format('alter table ingest.%I enable row level security', partition);
  execute format('alter table ingest.%I force row level security', partition);
  execute format('revoke all on ingest.%I from public, anon, authenticated, service_role', partition);
  -- Held until commit: no row of that day may reach the default partition between the move and the attach.
  lock table ingest.telemetry_default in access exclusive mode;
  execute format(
    'with moved as (delete from ingest.telemetry_default where ts >= %L and ts < %L returning *)
     insert into ingest.%I select * from moved', low, high, partition);
  execute format('alter table public.telemetry attach partition ingest.%I for values from (%L) to (%L)', partition, low, high);
  return true;
end
$$;

-- Makes the partitions from today (UTC) to `days_ahead` days from now, and those of past days that have rows waiting in
-- the default partition. Returns how many it made. Cheap when there is nothing to do: call it at the start of a run.
-- Rows more than 60 days old, or beyond `days_ahead`, stay in the default partition: a device with a wrong clock must
-- not be able to make thousands of partitions.
create function ingest.ensure_telemetry_partitions(days_ahead int default 7) returns int
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
    select d::date from generate_series(today, today + days_ahead, interval '1 day') as d
    union
    select ts::date from ingest.telemetry_default
    where ts >= (today - 60)::timestamptz and ts < (today + 1)::timestamptz
    order by 1
  loop
    if ingest.make_telemetry_partition(wanted) then
      made := made + 1;
    end if;
  end loop;
  return made;
end
$$;

revoke all on function ingest.make_telemetry_partition(date), ingest.ensure_telemetry_partitions(int)
  from public, anon, authenticated, service_role;
grant execute on function ingest.ensure_telemetry_partitions(int) to mqtt_ingest;

select ingest.ensure_telemetry_partitions(7);
