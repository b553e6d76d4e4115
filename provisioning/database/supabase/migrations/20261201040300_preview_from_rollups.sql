-- The preview of a rule for devices that report often, from their roll-ups a minute: 20 devices at a reading a second are 1.7 million
-- readings a day.

-- A rule's breaches among what came in (since, until], for the preview, as before. Where a device has roll-ups a minute they stand for
-- its readings: a threshold is compared with the minute's highest or lowest value, a rate is that value's from the mean of the
-- window's first minute, and a silence is as long as the minutes without one. When they came is reckoned by the device's clock.
create or replace function access.breaches(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  since timestamptz, until timestamptz
) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  width constant interval := make_interval(mins => breaches.window_minutes);
  -- Of the arrays in a roll-up's fields.
  extreme constant int := case breaches.comparison when 'below' then 1 else 3 end;
begin
  return query
  with span as materialized (
    select d.id, d.created_at, s.last_received_at, make_interval(secs => coalesce(s.clock_skew, 0)) as skew, p.low, p.high, m.covered
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    cross join lateral (
      select breaches.since - case breaches.kind when 'threshold' then '0' else width end
          + make_interval(secs => least(s.clock_skew, 0) - 3600) as low,
        breaches.until + make_interval(secs => greatest(s.clock_skew, 0) + 300) as high
    ) as p
    cross join lateral (
      select coalesce(range_agg(tstzrange(r.bucket, r.bucket + interval '1 minute')), '{}') as covered
      from public.telemetry_rollups as r
      where r.tenant_id = breaches.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > p.low and r.bucket <= p.high
        and (breaches.kind = 'missing' or r.is_whole or r.fields ? breaches.field)
    ) as m
    where d.tenant_id = breaches.tenant_id and (d.enabled or breaches.kind <> 'missing')
      and (breaches.device_id is null or d.id = breaches.device_id)
  ), silences as (
    -- Where a window has passed since a reading, or since the device was added, and no other came. The value is how many minutes it
    -- was silent.
    select d.id, r.at + width as at, extract(epoch from least(r.next_at, breaches.until) - r.at)::float8 / 60 as value, r.at + width as received_at
    from span as d
    cross join lateral (
      select times.at, lead(times.at) over (order by times.at) as next_at
      from (
        select greatest(d.created_at, breaches.since - width) as at
        union all
        select d.last_received_at where d.last_received_at > breaches.since - width
        union all
        select edge.at from public.telemetry_rollups as r
        cross join lateral (values (r.bucket - d.skew), (least(r.bucket + interval '1 minute' - d.skew, breaches.until))) as edge (at)
        where r.tenant_id = breaches.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > d.low and r.bucket <= d.high
          and edge.at > breaches.since - width and edge.at <= breaches.until
        union all
        (select t.received_at
        from unnest(tstzmultirange(tstzrange(d.low, d.high, '(]')) - d.covered) as gap
        cross join lateral (
          select t.received_at from public.telemetry as t
          where t.tenant_id = breaches.tenant_id and t.device_id = d.id and t.ts >= lower(gap) and t.ts <= upper(gap) and t.ts <@ gap
            and t.received_at > breaches.since - width and t.received_at <= breaches.until
          offset 0
        ) as t)
      ) as times
    ) as r
    where (r.next_at - r.at > width) is not false and r.at + width between breaches.since and breaches.until
  ), crossings as (
    select d.id, r.ts, r.value, r.received_at
    from span as d
    cross join lateral (
      select w.ts, w.received_at, case when breaches.kind = 'threshold' then w.value else
        (w.value - first_value(w.base) over past) /
          nullif(extract(epoch from w.ts - first_value(w.ts) over past)::float8 / 60, 0) end as value
      from (
        select t.ts, t.received_at, t.value, t.value as base
        from unnest(tstzmultirange(tstzrange(d.low, d.high, '(]')) - d.covered) as gap
        cross join lateral (
          select t.ts, t.received_at, access.number_of(t.payload, breaches.field) as value
          from public.telemetry as t
          where t.tenant_id = breaches.tenant_id and t.device_id = d.id and t.ts >= lower(gap) and t.ts <= upper(gap) and t.ts <@ gap
          offset 0
        ) as t
        union all
        select r.bucket, least(r.bucket - d.skew, breaches.until), (r.value ->> extreme)::float8, (r.value ->> 2)::float8
        from (
          select r.bucket, r.fields -> breaches.field as value from public.telemetry_rollups as r
          where r.tenant_id = breaches.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > d.low and r.bucket <= d.high
          offset 0
        ) as r
      ) as w
      where w.value is not null
      window past as (order by w.ts range between width preceding and current row)
    ) as r
    where r.received_at > breaches.since and r.received_at <= breaches.until
      and case breaches.comparison when 'above' then r.value > breaches.threshold else r.value < breaches.threshold end
  )
  select b.id, b.at, b.value, b.received_at from silences as b where breaches.kind = 'missing'
  union all
  select b.id, b.ts, b.value, b.received_at from crossings as b where breaches.kind <> 'missing';
end
$$;
