-- What an alert rule would have fired on, within the API's statement timeout (8 s on Supabase) and in one row, which the
-- API's max rows cannot cut.

-- As before, at half the price: compared as jsonb, between numbers only numbers are, and nothing is parsed twice.
create or replace function access.number_of(payload jsonb, field text) returns float8
language sql immutable parallel safe
return case
  when payload -> field >= '1e-300' and payload -> field < '1e100' then (payload ->> field)::float8
  when payload -> field <= '-1e-300' and payload -> field > '-1e100' then (payload ->> field)::float8
  when payload -> field > '-1e-300' and payload -> field < '1e-300' then 0
end;

-- A rule's breaches in (since, until], each device's oldest first. Reads as whoever asks. Device by device along the
-- telemetry's index, whatever the planner believes: `offset 0` keeps it from joining all readings once for each device,
-- which it did for a tenant without statistics.
create or replace function access.breaches(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  since timestamptz, until timestamptz
) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  span constant interval := make_interval(mins => breaches.window_minutes);
begin
  if breaches.kind = 'missing' then
    -- Silences: where a window has passed since a reading, or since the device was added, and no other came. The value
    -- is how many minutes it was silent.
    return query
    select d.id, r.ts + span, extract(epoch from least(r.next_ts, breaches.until) - r.ts)::float8 / 60
    from public.devices as d
    cross join lateral (
      select times.ts, lead(times.ts) over (order by times.ts) as next_ts
      from (
        select greatest(d.created_at, breaches.since - span) as ts
        union all
        (select t.ts from public.telemetry as t
        where t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - span and t.ts <= breaches.until
        offset 0)
      ) as times
    ) as r
    where d.tenant_id = breaches.tenant_id and d.enabled and (breaches.device_id is null or d.id = breaches.device_id)
      and (r.next_ts - r.ts > span) is not false and r.ts + span between breaches.since and breaches.until;
  elsif breaches.kind = 'threshold' then
    return query
    select d.id, r.ts, r.value
    from public.devices as d
    cross join lateral (
      select t.ts, access.number_of(t.payload, breaches.field) as value from public.telemetry as t
      where t.tenant_id = breaches.tenant_id and t.device_id = d.id
        and t.ts > breaches.since and t.ts <= breaches.until
      offset 0
    ) as r
    where d.tenant_id = breaches.tenant_id and (breaches.device_id is null or d.id = breaches.device_id)
      and case breaches.comparison when 'above' then r.value > breaches.threshold else r.value < breaches.threshold end;
  else
    return query
    select d.id, r.ts, r.change
    from public.devices as d
    cross join lateral (
      select w.ts,
        (w.value - first_value(w.value) over past) /
          nullif(extract(epoch from w.ts - first_value(w.ts) over past)::float8 / 60, 0) as change
      from (
        select t.ts, access.number_of(t.payload, breaches.field) as value from public.telemetry as t
        where t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - span and t.ts <= breaches.until
        offset 0
      ) as w
      where w.value is not null
      window past as (order by w.ts range between span preceding and current row)
    ) as r
    where d.tenant_id = breaches.tenant_id and (breaches.device_id is null or d.id = breaches.device_id)
      and r.ts > breaches.since
      and case breaches.comparison when 'above' then r.change > breaches.threshold else r.change < breaches.threshold end;
  end if;
end
$$;

-- What a rule would have opened alerts on in the last so many hours (1 to 25): how often, on how many devices, how often in
-- each hour (the newest last), and the five newest. One row; none for a tenant that the caller does not belong to.
create function public.try_alert_rule(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  hours int
) returns table (firings bigint, devices bigint, by_hour int[], newest jsonb)
language plpgsql stable set search_path = ''
as $$
declare
  span interval;
begin
  if (try_alert_rule.kind in ('threshold', 'missing', 'rate')) is not true
    or (try_alert_rule.window_minutes between 1 and 1440) is not true
    or (try_alert_rule.kind <> 'missing' and (num_nulls(try_alert_rule.field, try_alert_rule.threshold) > 0
      or (try_alert_rule.comparison in ('above', 'below')) is not true))
    or (try_alert_rule.hours between 1 and 25) is not true
  then
    raise exception 'this rule cannot be tried'
      using errcode = 'invalid_parameter_value',
        hint = 'kind: threshold, missing or rate; window_minutes: 1 to 1440; field, comparison (above, below) and threshold '
          'unless missing; hours: 1 to 25.';
  end if;
  if (try_alert_rule.tenant_id <> all (access.my_tenants())) is not false then
    return;
  end if;
  span := make_interval(mins => try_alert_rule.window_minutes);
  return query
  with firing as materialized (
    select b.device_id, b.at, b.value
    from (
      select x.device_id, x.at, x.value, lag(x.at) over (partition by x.device_id order by x.at) as before
      from access.breaches(
        try_alert_rule.tenant_id, try_alert_rule.kind, try_alert_rule.device_id, try_alert_rule.field,
        try_alert_rule.comparison, try_alert_rule.threshold, try_alert_rule.window_minutes,
        now() - make_interval(hours => try_alert_rule.hours), now()) as x
    ) as b
    where b.before is null or try_alert_rule.kind = 'missing' or b.at - b.before > span
  ), counted as (
    select least(floor(extract(epoch from now() - f.at) / 3600)::int, try_alert_rule.hours - 1) as ago, count(*)::int as n
    from firing as f group by 1
  )
  select count(*), count(distinct f.device_id),
    array(
      select coalesce(c.n, 0) from generate_series(try_alert_rule.hours - 1, 0, -1) as hour (ago) left join counted as c using (ago)
      order by hour.ago desc),
    coalesce(
      (select jsonb_agg(n) from (select * from firing order by at desc, device_id limit 5) as n), '[]')
  from firing as f;
end
$$;

revoke all on function public.try_alert_rule(uuid, text, uuid, text, text, float8, int, int)
  from public, anon, authenticated, service_role;
grant execute on function public.try_alert_rule(uuid, text, uuid, text, text, float8, int, int) to authenticated;

-- Its answer grew with the firings.
drop function public.preview_alert_rule(uuid, text, uuid, text, text, float8, int, timestamptz);
