-- A daily quota of bytes beside the one of readings: without it, a reading may be 128 KiB.

alter table public.tenant_limits add column bytes_per_day bigint check (bytes_per_day >= 0);
comment on column public.tenant_limits.bytes_per_day is 'Bytes of stored payloads in a day of UTC. Null: no bound.';
alter table ingest.quota_use add column bytes bigint not null default 0;

-- Replaced by a longer list at once, on a small table.
-- squawk-ignore ban-drop-constraint
alter table access.temporary_limits drop constraint temporary_limits_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table access.temporary_limits add constraint temporary_limits_name_check check (name in (
  'max_devices', 'max_rules', 'max_window_minutes', 'max_members', 'max_invitations', 'max_commands', 'max_command_bytes',
  'max_device_commands', 'max_device_command_bytes', 'max_dead_letters', 'max_dead_letter_bytes', 'readings_per_minute',
  'readings_per_day', 'bytes_per_day'));

create or replace view ingest.quotas as
select t.id as tenant_id,
  coalesce(r.value, l.readings_per_minute) as readings_per_minute,
  coalesce(l.burst_minutes, 60) as burst_minutes,
  coalesce(d.value, l.readings_per_day) as readings_per_day,
  coalesce(b.value, l.bytes_per_day) as bytes_per_day
from public.tenants as t
left join public.tenant_limits as l on l.tenant_id = t.id
left join access.temporary_limits as r on r.tenant_id = t.id and r.name = 'readings_per_minute' and r.until > now()
left join access.temporary_limits as d on d.tenant_id = t.id and d.name = 'readings_per_day' and d.until > now()
left join access.temporary_limits as b on b.tenant_id = t.id and b.name = 'bytes_per_day' and b.until > now();

create or replace view ingest.registered_devices as
select t.slug as tenant_slug, d.slug as device_slug, d.tenant_id, d.id as device_id, d.enabled,
  l.max_payload_bytes, l.max_depth, l.max_ahead_seconds, l.max_age_seconds,
  num_nonnulls(q.readings_per_minute, q.readings_per_day, q.bytes_per_day) > 0 as metered,
  coalesce(own.time_members, every.time_members) as time_members, coalesce(own.senml, every.senml) as senml,
  coalesce(own.repairs_clock, every.repairs_clock) as repairs_clock, coalesce(own.repeat_ms, every.repeat_ms) as repeat_ms
from public.devices as d
join public.tenants as t on t.id = d.tenant_id
join ingest.quotas as q on q.tenant_id = d.tenant_id
left join public.tenant_limits as l on l.tenant_id = d.tenant_id
left join public.reading_rules as own on own.tenant_id = d.tenant_id and own.device_id = d.id
left join public.reading_rules as every on every.tenant_id = d.tenant_id and every.device_id is null;

-- How many readings, and bytes of them, each tenant may still store, null where there is no bound; a tenant without any is left out.
-- Locks what it reads until the transaction ends, so that two writers never spend the same token.
drop function ingest.quota_left(uuid[]);
create function ingest.quota_left(tenant_ids uuid[]) returns table (tenant_id uuid, readings bigint, bytes bigint)
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  insert into ingest.quota_use (tenant_id, filled_at, day, stored)
  select l.tenant_id, clock_timestamp(), current_date, 0 from ingest.quotas as l
  where l.tenant_id = any (tenant_ids)
  order by 1
  on conflict do nothing;
  -- In one order, or two writers could each wait for the other.
  perform from ingest.quota_use as u where u.tenant_id = any (tenant_ids) order by u.tenant_id for update;
  return query
  update ingest.quota_use as u
  set tokens = least(
        l.readings_per_minute::float8 * l.burst_minutes,
        u.tokens + l.readings_per_minute * greatest(extract(epoch from clock_timestamp() - u.filled_at)::float8, 0) / 60),
    filled_at = clock_timestamp(),
    day = (clock_timestamp() at time zone 'UTC')::date,
    stored = case when u.day = (clock_timestamp() at time zone 'UTC')::date then u.stored else 0 end,
    bytes = case when u.day = (clock_timestamp() at time zone 'UTC')::date then u.bytes else 0 end
  from ingest.quotas as l
  where l.tenant_id = u.tenant_id and u.tenant_id = any (tenant_ids)
    and num_nonnulls(l.readings_per_minute, l.readings_per_day, l.bytes_per_day) > 0
  -- Without these cases greatest() would make 0 of a null.
  returning u.tenant_id,
    case when num_nonnulls(l.readings_per_minute, l.readings_per_day) > 0
      then greatest(least(floor(u.tokens)::bigint, l.readings_per_day - u.stored), 0) end,
    case when l.bytes_per_day is not null then greatest(l.bytes_per_day - u.bytes, 0) end;
end
$$;

-- Takes what was stored off what is left. Call it in the transaction that asked quota_left.
drop function ingest.spend_quota(uuid[], bigint[]);
create function ingest.spend_quota(tenant_ids uuid[], spent_readings bigint[], spent_bytes bigint[] default null) returns void
language sql security definer set search_path = ''
as $$
  update ingest.quota_use as u
  set tokens = u.tokens - spent.readings, stored = u.stored + spent.readings, bytes = u.bytes + coalesce(spent.bytes, 0)
  from unnest(tenant_ids, spent_readings, spent_bytes) as spent (tenant_id, readings, bytes)
  where u.tenant_id = spent.tenant_id;
$$;

revoke all on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[], bigint[])
  from public, anon, authenticated, service_role;
grant execute on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[], bigint[]) to mqtt_ingest;
