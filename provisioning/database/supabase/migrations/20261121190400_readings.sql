-- What the dashboard shows of readings: the newest of each device, and charts. All of it under row-level security.

-- A payload's top-level number, or null when there is none, or none to calculate with. A device may send 1e400, which no
-- double holds, or 1e200, whose square avg() needs: that must not fail a chart, nor everybody's alerts. Parsed at
-- creation, so no search_path can change it, and inlined.
create function access.number_of(payload jsonb, field text) returns float8
language sql immutable parallel safe
return case when jsonb_typeof(payload -> field) = 'number' then
  case
    when abs((payload ->> field)::numeric) < 1e-300 then 0
    when abs((payload ->> field)::numeric) < 1e100 then (payload ->> field)::float8
  end
end;

-- The newest reading of each device within the last 7 days. In PL/pgSQL, which keeps the plan: making one for that many
-- partitions takes longer than reading these rows.
create function public.latest_readings(tenant_id uuid)
returns table (device_id uuid, ts timestamptz, received_at timestamptz, payload jsonb)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  select d.id, newest.ts, newest.received_at, newest.payload
  from public.devices as d
  cross join lateral (
    select t.ts, t.received_at, t.payload from public.telemetry as t
    where t.tenant_id = latest_readings.tenant_id and t.device_id = d.id and t.ts > now() - interval '7 days'
    order by t.ts desc limit 1
  ) as newest
  where d.tenant_id = latest_readings.tenant_id;
end
$$;

-- The numeric top-level fields among a device's 100 newest readings of the last 7 days.
create function public.device_fields(device_id uuid) returns table (field text)
language sql stable set search_path = ''
as $$
  select distinct pair.key
  from public.devices as d
  cross join lateral (
    select t.payload from public.telemetry as t
    where t.tenant_id = d.tenant_id and t.device_id = d.id and t.ts > now() - interval '7 days'
    order by t.ts desc limit 100
  ) as recent
  cross join lateral jsonb_each(case jsonb_typeof(recent.payload) when 'object' then recent.payload else '{}' end) as pair
  where d.id = device_fields.device_id and jsonb_typeof(pair.value) = 'number'
  order by 1;
$$;

-- A field of a device from `since` to before `until`, in at most `buckets` (1 to 2000) equal spans; empty spans are left
-- out. `bucket` is a span's start.
create function public.device_chart(
  device_id uuid, field text, since timestamptz, until timestamptz, buckets int default 300
) returns table (bucket timestamptz, minimum float8, average float8, maximum float8, readings bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  tenant uuid;
  span interval;
begin
  if (device_chart.since < device_chart.until) is not true then
    raise exception 'since is not before until' using errcode = 'invalid_parameter_value', hint = 'Give two times, the earlier first.';
  end if;
  if (device_chart.buckets between 1 and 2000) is not true then
    raise exception 'buckets is %', coalesce(device_chart.buckets::text, 'null')
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 2000.';
  end if;
  select d.tenant_id into tenant from public.devices as d where d.id = device_chart.device_id;
  -- Seconds, not months: date_bin refuses those. Rounded up, so that the last reading is in the last span.
  span := make_interval(secs => greatest(
    ceil(extract(epoch from device_chart.until - device_chart.since) * 1000 / device_chart.buckets) / 1000, 0.001)::float8);
  return query
  select date_bin(span, r.ts, device_chart.since), min(r.value), avg(r.value), max(r.value), count(*)
  from (
    select t.ts, access.number_of(t.payload, device_chart.field) as value from public.telemetry as t
    where t.tenant_id = tenant and t.device_id = device_chart.device_id
      and t.ts >= device_chart.since and t.ts < device_chart.until
    -- Keeps the value from being computed once for each use of it.
    offset 0
  ) as r
  where r.value is not null
  group by 1 order by 1;
end
$$;

revoke all on function access.number_of(jsonb, text), public.latest_readings(uuid), public.device_fields(uuid),
  public.device_chart(uuid, text, timestamptz, timestamptz, int)
  from public, anon, authenticated, service_role;
grant execute on function access.number_of(jsonb, text), public.latest_readings(uuid), public.device_fields(uuid),
  public.device_chart(uuid, text, timestamptz, timestamptz, int)
  to authenticated;
