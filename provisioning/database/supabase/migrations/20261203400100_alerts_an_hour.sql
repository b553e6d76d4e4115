-- How many alerts a tenant may open in an hour, and rules with `for_minutes` that are judged while readings are still being stored.

-- Of a rule and a device that had an alert in the last hour: what flaps must not fill the table. The first one in an hour always opens.
alter table access.platform_limits
  add column max_alerts_hour int not null default 500 check (max_alerts_hour >= 0);
alter table public.tenant_limits
  add column max_alerts_hour int check (max_alerts_hour >= 0);

-- How often an alert was not opened since `suppressed_from`, the last time at `suppressed_until`.
alter table public.alert_rule_progress
  add column suppressed int not null default 0,
  add column suppressed_from timestamptz,
  add column suppressed_until timestamptz;
grant select (suppressed, suppressed_from, suppressed_until) on public.alert_rule_progress to authenticated;

create type access.opening as (device_id uuid, opened_at timestamptz);

-- Which of these devices' alerts may be opened, or are open; notes on the rule how many may not. One that is asked for again at the next
-- round was counted already.
create function access.openable(rule public.alert_rules, moment timestamptz, openings access.opening[]) returns uuid[]
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  opens uuid[];
  repeats access.opening[];
  firsts int;
  room bigint;
begin
  select coalesce(array_agg(o.device_id) filter (where not c.repeats), '{}'),
    coalesce(array_agg((o.device_id, o.opened_at)::access.opening order by o.opened_at) filter (where c.repeats), '{}'),
    count(*) filter (where not c.repeats and not c.is_open)
  into opens, repeats, firsts
  from unnest(openings) as o
  cross join lateral (
    select exists (
      select from public.alerts as a where a.rule_id = rule.id and a.device_id = o.device_id and a.resolved_at is null) as is_open
    offset 0
  ) as p
  cross join lateral (
    select p.is_open, not p.is_open and exists (
      select from public.alerts as a
      where a.rule_id = rule.id and a.device_id = o.device_id and a.opened_at > moment - interval '1 hour') as repeats
    offset 0
  ) as c;
  if repeats = '{}' then
    return opens;
  end if;
  room := greatest(access.limit_of(rule.tenant_id, 'max_alerts_hour') - firsts - (
    select count(*) from public.alerts as a where a.tenant_id = rule.tenant_id and a.opened_at > moment - interval '1 hour'), 0);
  if cardinality(repeats) > room then
    update public.alert_rule_progress as p
    set suppressed = case when p.suppressed_until > moment - interval '1 hour' then p.suppressed else 0 end + r.suppressed,
      suppressed_from = case when p.suppressed_until > moment - interval '1 hour' then p.suppressed_from else moment end, suppressed_until = moment
    from (
      select count(*) as suppressed from unnest(repeats[room + 1:]) as r
      where r.opened_at > coalesce(
        (select q.judged_at from public.alert_rule_progress as q where q.tenant_id = rule.tenant_id and q.rule_id = rule.id), '-infinity')
    ) as r
    where p.tenant_id = rule.tenant_id and p.rule_id = rule.id and r.suppressed > 0;
  end if;
  return opens || array(select r.device_id from unnest(repeats[:room]) as r);
end
$$;

-- As before, with that bound. A reading that is stored late, after one that came later was judged, changes no condition: what is met now is
-- what the newest says (`newest`). Before, it opened or resolved an alert until the device's next reading.
create or replace function access.judge_lasting(rule public.alert_rules, cursor xid8, moment timestamptz) returns int
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  hold constant interval := make_interval(mins => rule.for_minutes);
  words constant text := access.rule_in_words(rule);
  readings refcursor;
  runs access.rule_run[];
  openable uuid[];
  passed uuid[];
  changed int := 0;
  n int;
begin
  -- Of devices that are deleted, disabled, or have lost the tag.
  delete from ingest.rule_states as s
  where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and not exists (
    select from public.devices as d
    where d.tenant_id = s.tenant_id and d.id = s.device_id and d.enabled and (rule.tag is null or rule.tag = any (d.tags)));
  open readings no scroll for
    select r.device_id, r.received_at, r.ts, r.met, r.also_met, r.value, r.known
    from (
      select w.device_id, t.received_at, t.ts,
        case when w.newest <= max(t.received_at) filter (where t.met is not null) over device then t.met end as met,
        case when w.also_newest <= max(t.received_at) filter (where t.also_met is not null) over device then t.also_met end as also_met,
        case when w.newest <= max(t.received_at) filter (where t.met is not null) over device then t.value end as value,
        (w.device_id, null, null, s.met, s.met_at, s.also_met, s.also_met_at, s.value, s.device_ts)::access.rule_run as known
      from (
        select f.*, n.newest, n.also_newest
        from (
          select f.device_id, array_agg(f.span) as spans, min(f.reach) as reach, min(f.since) as since
          from access.new_spans(rule, judge_lasting.cursor, moment) as f group by f.device_id
        ) as f
        -- When the newest reading came that says something about each condition, as far as the device's status knows it.
        cross join lateral (
          select coalesce(max(q.at) filter (where q.n = 1), '-infinity') as newest, coalesce(max(q.at) filter (where q.n = 2), '-infinity') as also_newest
          from (
            select c.n, to_timestamp(trunc((s.fields -> n.name ->> 2)::float8) / 1000) as at
            from public.device_status as s
            cross join access.conditions(rule) as c
            cross join lateral (select case when s.fields ? c.field then c.field else split_part(c.field, '.', 1) end as name) as n
            where judge_lasting.cursor is not null and s.tenant_id = rule.tenant_id and s.device_id = f.device_id
              and access.meets(jsonb_build_object(n.name, s.fields -> n.name -> 0), c.field, c.comparison, c.threshold, c.wanted) is not null
          ) as q
        ) as n
        offset 0
      ) as w
      -- Device by device along the indexes, whatever the planner believes: `offset 0` and `enable_seqscan`. A plan made when a table was
      -- empty reads all of it for each device, and a join compares each reading with each device.
      cross join lateral (select from public.devices as d where d.tenant_id = rule.tenant_id and d.id = w.device_id and d.enabled offset 0) as d
      left join lateral (
        select s.* from ingest.rule_states as s where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.device_id = w.device_id offset 0
      ) as s on true
      cross join lateral (
        select t.received_at, t.ts,
          access.meets(t.payload, rule.field, rule.comparison, rule.threshold, rule.wanted) as met,
          access.meets(t.payload, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted) as also_met,
          access.number_of(t.payload, rule.field) as value
        from unnest(w.spans) as span
        cross join lateral (
          select t.received_at, t.ts, t.payload from public.telemetry as t
          where t.tenant_id = rule.tenant_id and t.device_id = w.device_id
            and t.ts >= lower(span) and t.ts < coalesce(upper(span), 'infinity')
            and age(t.xmin) <= w.reach and t.received_at > w.since
          offset 0
        ) as t
        union all
        -- A rule that begins knows what each device sent last, however long ago.
        select to_timestamp((f.newest ->> 2)::float8 / 1000), to_timestamp((f.newest ->> 1)::float8 / 1000),
          case when f.n = 1 then access.meets(f.payload, rule.field, rule.comparison, rule.threshold, rule.wanted) end,
          case when f.n = 2 then access.meets(f.payload, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted) end,
          access.number_of(f.payload, rule.field)
        from (
          select c.n, s.fields -> n.name as newest, jsonb_build_object(n.name, s.fields -> n.name -> 0) as payload
          from public.device_status as s
          cross join access.conditions(rule) as c
          cross join lateral (select case when s.fields ? c.field then c.field else split_part(c.field, '.', 1) end as name) as n
          where judge_lasting.cursor is null and s.tenant_id = rule.tenant_id and s.device_id = w.device_id
        ) as f
        where to_timestamp((f.newest ->> 2)::float8 / 1000) <= w.since
        offset 0
      ) as t
      where t.met is not null or t.also_met is not null
      window device as (partition by w.device_id)
    ) as r
    where r.met is not null or r.also_met is not null
    order by r.device_id, r.received_at, r.ts;
  runs := array(select r from access.rule_runs(readings, rule.also_field is not null, hold, true) as r);
  close readings;
  insert into ingest.rule_states as s (tenant_id, rule_id, device_id, met, met_at, also_met, also_met_at, value, device_ts)
  select rule.tenant_id, rule.id, r.device_id, r.met, r.met_at, r.also_met, r.also_met_at, r.value, r.device_ts
  from unnest(runs) as r where r.until is null and num_nonnulls(r.met_at, r.also_met_at) > 0
  on conflict (tenant_id, rule_id, device_id) do update
  set met = excluded.met, met_at = excluded.met_at, also_met = excluded.also_met, also_met_at = excluded.also_met_at,
    value = excluded.value, device_ts = excluded.device_ts
  where (s.met, s.met_at, s.also_met, s.also_met_at, s.device_ts)
    is distinct from (excluded.met, excluded.met_at, excluded.also_met, excluded.also_met_at, excluded.device_ts)
    or (excluded.met and s.value is distinct from excluded.value);
  -- Of a stretch that is over.
  update public.alerts as a set resolved_at = moment
  where a.rule_id = rule.id and a.resolved_at is null and not exists (
    select from ingest.rule_states as s
    where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.device_id = a.device_id and s.met and s.also_met
      and greatest(s.met_at, s.also_met_at) + hold <= a.opened_at);
  get diagnostics changed = row_count;
  openable := access.openable(rule, moment, array(
    select (r.device_id, r.since + hold)::access.opening from unnest(runs) as r
    where r.until is not null and not exists (
      select from public.alerts as a where a.rule_id = rule.id and a.device_id = r.device_id and a.opened_at >= r.since + hold)));
  with opened as (
    insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message, device_ts)
    select rule.tenant_id, rule.id, r.device_id, r.since + hold, moment, r.value,
      words || access.value_in_words(rule, r.value), r.device_ts
    from unnest(runs) as r
    where r.until is not null and r.device_id = any (openable)
    on conflict (rule_id, device_id) where resolved_at is null do nothing
    returning id
  )
  select array_agg(o.id) into passed from opened as o;
  update public.alerts as a set resolved_at = moment where a.id = any (passed);
  openable := access.openable(rule, moment, array(
    select (s.device_id, greatest(s.met_at, s.also_met_at) + hold)::access.opening from ingest.rule_states as s
    where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.met and s.also_met
      and greatest(s.met_at, s.also_met_at) + hold <= moment));
  with written as (
    insert into public.alerts as a (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message, device_ts)
    select rule.tenant_id, rule.id, s.device_id, greatest(s.met_at, s.also_met_at) + hold, moment, s.value,
      words || access.value_in_words(rule, s.value), s.device_ts
    from ingest.rule_states as s
    where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.device_id = any (openable)
    on conflict (rule_id, device_id) where resolved_at is null do update
    set last_seen_at = excluded.last_seen_at, value = excluded.value, device_ts = excluded.device_ts
    where a.device_ts is distinct from excluded.device_ts
    returning (a.xmax = 0) as opened
  )
  select count(*) into n from written as w where w.opened;
  return changed + n + 2 * coalesce(cardinality(passed), 0);
end
$$;

-- As before, with that bound.
create or replace function access.judge_rule(rule public.alert_rules, cursor xid8, moment timestamptz) returns int
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  span constant interval := make_interval(mins => rule.window_minutes);
  changed int;
begin
  if rule.for_minutes is not null then
    return access.judge_lasting(rule, cursor, moment);
  end if;
  if rule.kind = 'missing' then
    with heard as (
      select d.id, greatest(s.last_received_at, d.created_at) as at, d.enabled
      from public.devices as d
      left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
      where d.tenant_id = rule.tenant_id and (rule.device_id is null or d.id = rule.device_id) and (rule.tag is null or rule.tag = any (d.tags))
    ), resolved as (
      -- Not silent any more, or silent again.
      update public.alerts as a set resolved_at = moment
      where a.rule_id = rule.id and a.resolved_at is null and not exists (
        select from heard as h where h.id = a.device_id and h.enabled and h.at + span <= moment and h.at <= a.opened_at)
      returning a.device_id
    ), written as (
      insert into public.alerts as a (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message)
      select rule.tenant_id, rule.id, h.id, h.at + span, moment, extract(epoch from moment - h.at)::float8 / 60,
        format('no reading for %s minutes', rule.window_minutes)
      from heard as h
      where h.enabled and h.at + span <= moment and h.id not in (select device_id from resolved)
        and h.id = any ((select access.openable(rule, moment, array(
          select (o.id, o.at + span)::access.opening from heard as o where o.enabled and o.at + span <= moment)))::uuid[])
      on conflict (rule_id, device_id) where resolved_at is null do update
      set last_seen_at = excluded.last_seen_at, value = excluded.value
      returning (a.xmax = 0) as opened
    )
    select (select count(*) from written where opened) + (select count(*) from resolved) into changed;
    return changed;
  end if;
  with breach as (
    select distinct on (b.device_id) b.device_id, b.at, b.value, min(b.received_at) over (partition by b.device_id) as first_at
    from access.new_breaches(rule, judge_rule.cursor, moment) as b
    order by b.device_id, b.received_at desc, b.at desc
  ), written as (
    insert into public.alerts as a (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message, device_ts)
    select rule.tenant_id, rule.id, b.device_id, b.first_at, moment, b.value,
      case rule.kind
        when 'rate' then
          format('%s changed by %s a minute, which is %s %s', rule.field, b.value, rule.comparison, rule.threshold)
        else format('%s was %s, which is %s %s', rule.field, b.value, rule.comparison, rule.threshold)
      end, b.at
    from breach as b
    where b.device_id = any ((
      select access.openable(rule, moment, array(select (o.device_id, o.first_at)::access.opening from breach as o)))::uuid[])
    on conflict (rule_id, device_id) where resolved_at is null do update
    set last_seen_at = excluded.last_seen_at, value = excluded.value, device_ts = excluded.device_ts
    returning (a.xmax = 0) as opened
  ), resolved as (
    update public.alerts as a set resolved_at = moment
    where a.rule_id = rule.id and a.resolved_at is null and a.last_seen_at not between moment - span and moment
      and a.device_id not in (select b.device_id from breach as b)
    returning 1
  )
  select (select count(*) from written where opened) + (select count(*) from resolved) into changed;
  return changed;
end
$$;

-- As before, two at once.
create or replace function public.try_alert_rule(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  hours int, tag text default null, wanted text default null, for_minutes int default null,
  also_field text default null, also_comparison text default null, also_threshold float8 default null, also_wanted text default null
) returns table (firings bigint, devices bigint, by_hour int[], newest jsonb, looked_from timestamptz)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  rule constant public.alert_rules := jsonb_populate_record(null::public.alert_rules, jsonb_build_object(
    'tenant_id', tenant_id, 'kind', kind, 'device_id', device_id, 'tag', tag, 'field', field, 'comparison', comparison, 'threshold', threshold,
    'wanted', wanted, 'for_minutes', for_minutes, 'window_minutes', window_minutes, 'also_field', also_field,
    'also_comparison', also_comparison, 'also_threshold', also_threshold, 'also_wanted', also_wanted));
  since timestamptz;
  readings refcursor;
  found public.breach[];
begin
  if (rule.kind in ('threshold', 'missing', 'rate') and try_alert_rule.hours between 1 and 25
      and rule.window_minutes between 1 and case rule.kind when 'missing' then 10080 else 1440 end) is not true
    or (case
      when rule.kind = 'missing' then false
      when rule.for_minutes is null then num_nulls(rule.field, rule.threshold) > 0 or (rule.comparison in ('above', 'below')) is not true
      else (rule.kind = 'threshold' and rule.for_minutes between 0 and 10080 and (
        select bool_and(case when c.comparison in ('above', 'below') then c.threshold is not null
          when c.comparison in ('is', 'is not', 'contains') then length(c.wanted) between 1 and 200 end is true)
        from access.conditions(rule) as c)) is not true end)
  then
    raise exception 'this rule cannot be tried'
      using errcode = 'invalid_parameter_value',
        hint = 'kind: threshold, missing or rate; window_minutes: 1 to 1440, of missing to 10080; field, comparison and threshold, or wanted with '
          'for_minutes (0 to 10080), unless missing; hours: 1 to 25.';
  end if;
  if (rule.tenant_id <> all (access.my_tenants())) is not false then
    return;
  end if;
  -- A preview may take as long as a statement: a tenant has two places.
  if not exists (
    select from generate_series(1, 2) as n
    where pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('public.try_alert_rule ' || rule.tenant_id || n, 0)) limit 1)
  then
    raise exception 'two rules of this tenant are being tried' using errcode = 'PT429', hint = 'Try again in some seconds.';
  end if;
  since := now() - make_interval(hours => try_alert_rule.hours);
  if rule.for_minutes is null then
    found := array(
      select (b.device_id, b.at, b.value, b.received_at)::public.breach
      from (
        select x.*, lag(x.received_at) over (partition by x.device_id order by x.received_at) as before
        from access.breaches(rule, since, now()) as x
      ) as b
      where b.before is null or rule.kind = 'missing' or b.received_at - b.before > make_interval(mins => rule.window_minutes));
  else
    looked_from := nullif(access.tried_from(rule, since), since);
    open readings no scroll for
      select r.*, null::access.rule_run as known from access.past_readings(rule, coalesce(looked_from, since), now()) as r;
    found := array(
      select (r.device_id, o.at, case when rule.comparison in ('above', 'below') then r.value end, o.at)::public.breach
      from access.rule_runs(readings, rule.also_field is not null, make_interval(mins => rule.for_minutes), false) as r
      cross join lateral (select r.since + make_interval(mins => rule.for_minutes) as at) as o
      where o.at <= coalesce(r.until, now()));
    close readings;
  end if;
  return query
  with firing as materialized (
    select f.* from unnest(found) as f
  ), counted as (
    select least(floor(extract(epoch from now() - f.received_at) / 3600)::int, try_alert_rule.hours - 1) as ago, count(*)::int as n
    from firing as f group by 1
  )
  select count(*), count(distinct f.device_id),
    array(
      select coalesce(c.n, 0) from generate_series(try_alert_rule.hours - 1, 0, -1) as hour (ago) left join counted as c using (ago)
      order by hour.ago desc),
    coalesce(
      (select jsonb_agg(n) from (select * from firing as f order by f.received_at desc, device_id limit 5) as n), '[]'),
    try_alert_rule.looked_from
  from firing as f;
end
$$;

revoke all on function access.openable(public.alert_rules, timestamptz, access.opening[]) from public, anon, authenticated, service_role;
