-- Rules that hold for a duration, on tags, on text and booleans, with two conditions, and of seven days of silence.

-- How a rule is judged is decided by `for_minutes`. Null: a breach opens an alert, and none for `window_minutes` resolves it; so are
-- silences, rates, and one number compared at once. A number: the alert opens when all conditions have been met for so long (0: at
-- once), and the first reading that no longer meets them resolves it.
alter table public.alert_rules
  -- The devices with this tag, those that get it later too. Null: `device_id` says which, or all.
  add column tag text check (tag is null or access.are_tags(array[tag])),
  add column for_minutes int check (for_minutes between 0 and 10080),
  -- What `is`, `is not` and `contains` compare with: text, `true`, `false`, or a number.
  add column wanted text check (length(wanted) between 1 and 200),
  -- The second condition.
  add column also_field text check (length(also_field) between 1 and 200),
  add column also_comparison text check (also_comparison in ('above', 'below', 'is', 'is not', 'contains')),
  add column also_threshold float8 check (also_threshold between -1e300 and 1e300),
  add column also_wanted text check (length(also_wanted) between 1 and 200);
alter table public.alert_rules
  -- squawk-ignore ban-drop-constraint
  drop constraint alert_rules_check, drop constraint alert_rules_comparison_check, drop constraint alert_rules_window_minutes_check;
-- Looser than those before, and a tenant has some fifty rules.
alter table public.alert_rules
  -- squawk-ignore constraint-missing-not-valid
  add constraint alert_rules_comparison_check check (comparison in ('above', 'below', 'is', 'is not', 'contains')),
  -- squawk-ignore constraint-missing-not-valid
  add constraint alert_rules_window_minutes_check check (window_minutes between 1 and case kind when 'missing' then 10080 else 1440 end),
  -- squawk-ignore constraint-missing-not-valid
  add constraint alert_rules_devices_check check (num_nonnulls(device_id, tag) <= 1),
  -- squawk-ignore constraint-missing-not-valid
  add constraint alert_rules_condition_check check (case
    when kind = 'missing' then num_nonnulls(field, comparison, threshold, wanted, for_minutes) = 0
    when comparison in ('above', 'below') then num_nulls(field, threshold) = 0 and wanted is null and (kind = 'threshold' or for_minutes is null)
    else kind = 'threshold' and num_nulls(field, comparison, wanted, for_minutes) = 0 and threshold is null end),
  -- squawk-ignore constraint-missing-not-valid
  add constraint alert_rules_second_check check (case
    when num_nonnulls(also_field, also_comparison, also_threshold, also_wanted) = 0 then true
    when for_minutes is null or num_nulls(also_field, also_comparison) > 0 then false
    when also_comparison in ('above', 'below') then also_threshold is not null and also_wanted is null
    else also_wanted is not null and also_threshold is null end);
grant insert (tag, for_minutes, wanted, also_field, also_comparison, also_threshold, also_wanted),
  update (tag, for_minutes, wanted, also_field, also_comparison, also_threshold, also_wanted) on public.alert_rules to authenticated;

-- Seven days of silence, or of a condition, cost no more than a minute: what is read is what came since the last look.
alter table access.platform_limits alter column max_window_minutes set default 10080;
update access.platform_limits set max_window_minutes = 10080 where max_window_minutes = 1440;
create or replace function access.limit_window() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  asked constant int := greatest(new.window_minutes, new.for_minutes);
  most bigint;
begin
  if auth.uid() is null then
    return null;
  end if;
  most := access.limit_of(new.tenant_id, 'max_window_minutes');
  if asked > most then
    raise exception 'the window of % minutes is too long, this tenant''s limit is %', asked, most
      using errcode = 'insufficient_privilege', hint = 'Use a shorter window, or ask the platform''s operator for more.';
  end if;
  return null;
end
$$;
drop trigger limit_window on public.alert_rules;
create trigger limit_window after insert or update of window_minutes, for_minutes on public.alert_rules
  for each row execute function access.limit_window();

-- What a rule with `for_minutes` knows of a device; no row: no condition was met yet. `met_at` is when the reading came that
-- changed `met`, and so for the second condition.
create table ingest.rule_states (
  tenant_id uuid not null,
  rule_id uuid not null,
  device_id uuid not null,
  met boolean not null,
  met_at timestamptz,
  also_met boolean not null,
  also_met_at timestamptz,
  -- The newest number that met the first condition, and the device's time of the newest reading while all are met.
  value float8,
  device_ts timestamptz,
  primary key (tenant_id, rule_id, device_id),
  foreign key (tenant_id, rule_id) references public.alert_rules (tenant_id, id) on delete cascade
) with (fillfactor = 70); -- Updated each minute while conditions are met, in place.
alter table ingest.rule_states enable row level security;
alter table ingest.rule_states force row level security;
revoke all on ingest.rule_states from public, anon, authenticated, service_role;

-- What came from this moment on, the rule has judged; null until it is first judged.
alter table public.alert_rule_progress add column judged_from timestamptz;
grant select (judged_from) on public.alert_rule_progress to authenticated;

-- As before, and what a rule knew of its devices is forgotten.
create or replace function access.restart_rule() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.tenant_cursors (tenant_id, judged)
  values (new.tenant_id, pg_snapshot_xmin(pg_current_snapshot())) on conflict do nothing;
  insert into public.alert_rule_progress as p (tenant_id, rule_id) values (new.tenant_id, new.id)
  on conflict (tenant_id, rule_id) do update
  set judged_at = null, judged_from = null, tried_at = '-infinity', problem = null, failures = 0, cursor = null;
  delete from ingest.rule_states as s where s.tenant_id = new.tenant_id and s.rule_id = new.id;
  -- After its progress, as ingest.judge_rules does: they would wait for each other.
  if not new.enabled then
    update public.alerts as a set resolved_at = now() where a.rule_id = new.id and a.resolved_at is null;
  end if;
  return null;
end
$$;
drop trigger restart_changed on public.alert_rules;
create trigger restart_changed after update on public.alert_rules for each row
  when ((old.kind, old.device_id, old.tag, old.field, old.comparison, old.threshold, old.wanted, old.for_minutes, old.also_field,
    old.also_comparison, old.also_threshold, old.also_wanted, old.window_minutes, old.enabled)
    is distinct from (new.kind, new.device_id, new.tag, new.field, new.comparison, new.threshold, new.wanted, new.for_minutes, new.also_field,
    new.also_comparison, new.also_threshold, new.also_wanted, new.window_minutes, new.enabled))
  execute function access.restart_rule();

-- A field of a reading, as it stands, by the paths of access.number_of.
create function access.value_of(payload jsonb, field text) returns jsonb
language sql immutable parallel safe
return case
  when payload ? field then payload -> field
  when position('.' in field) > 0 and array_length(string_to_array(field, '.'), 1) <= 3 then payload #> string_to_array(field, '.') end;

-- Whether a value is, is not, or contains what is wanted; null for what cannot be compared. Numbers are equal by value, text by each
-- letter, and of long text the first 1,000 characters are searched.
create function access.value_meets(value jsonb, comparison text, wanted text) returns boolean
language plpgsql immutable parallel safe strict set search_path = ''
as $$
begin
  if comparison = 'contains' then
    return case when jsonb_typeof(value) = 'string' then strpos(left(value #>> '{}', 1000), wanted) > 0 end;
  end if;
  return case jsonb_typeof(value)
    when 'string' then value #>> '{}' = wanted
    when 'boolean' then value #>> '{}' = wanted
    when 'number' then coalesce(access.as_number(value) = access.as_number(to_jsonb(wanted)), false) end = (comparison = 'is');
end
$$;

-- Whether a reading meets a condition; null when it says nothing about it.
create function access.meets(payload jsonb, field text, comparison text, threshold float8, wanted text) returns boolean
language sql immutable parallel safe
return case comparison
  when 'above' then access.number_of(payload, field) > threshold
  when 'below' then access.number_of(payload, field) < threshold
  else access.value_meets(access.value_of(payload, field), comparison, wanted) end;

-- The conditions of a rule, one or two; of a silence none.
create function access.conditions(rule public.alert_rules)
returns table (n int, field text, comparison text, threshold float8, wanted text)
language sql immutable
begin atomic
  select c.n, c.field, c.comparison, c.threshold, c.wanted
  from (values (1, rule.field, rule.comparison, rule.threshold, rule.wanted),
    (2, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted)) as c (n, field, comparison, threshold, wanted)
  where c.field is not null;
end;

-- `10080` as `7 days`: the largest unit that is whole.
create function access.minutes_in_words(minutes int) returns text
language sql immutable
return (
  select (minutes / u.size) || ' ' || u.name || case when minutes / u.size = 1 then '' else 's' end
  from (values (1440, 'day'), (60, 'hour'), (1, 'minute')) as u (size, name) where minutes % u.size = 0 limit 1);

-- What was seen, as an alert says it: `temperature was above 8 and door was "open" for 10 minutes`.
create function access.rule_in_words(rule public.alert_rules) returns text
language sql immutable
return (
  select string_agg(c.field || ' ' || case c.comparison
      when 'above' then 'was above ' || c.threshold
      when 'below' then 'was below ' || c.threshold
      when 'is' then format('was "%s"', c.wanted)
      when 'is not' then format('was not "%s"', c.wanted)
      else format('contained "%s"', c.wanted) end, ' and ' order by c.n)
    || case when rule.for_minutes > 0 then ' for ' || access.minutes_in_words(rule.for_minutes) else '' end
  from access.conditions(rule) as c);

-- The number that was seen last, for the same sentence.
create function access.value_in_words(rule public.alert_rules, value float8) returns text
language sql immutable
return case when value is not null and rule.comparison in ('above', 'below') then ', at last ' || value else '' end;

-- Where a rule begins that has not been judged yet.
create function access.judged_from(rule public.alert_rules, moment timestamptz) returns timestamptz
language sql immutable
return moment - make_interval(mins => least(greatest(rule.window_minutes, rule.for_minutes), 60));

-- Where, in the device's time, the readings are that transactions from `cursor` on stored, of each of a rule's devices; without a
-- cursor, those that came in the rule's span before `moment`, at most an hour: longer ones must not keep the first round busy. `reach` is how
-- many transactions ago the cursor was, as age() counts: right beyond the point where ids start again.
create function access.new_spans(rule public.alert_rules, cursor xid8, moment timestamptz)
returns table (device_id uuid, span tstzrange, reach int, since timestamptz)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  reach constant int := case when new_spans.cursor is null then 2147483647 else age(new_spans.cursor::xid) end;
  since constant timestamptz := case when new_spans.cursor is null then access.judged_from(rule, moment) else '-infinity' end;
begin
  return query
  select d.id, f.span, reach, since
  from public.devices as d
  left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
  cross join lateral unnest(
    case when new_spans.cursor is null
      then tstzmultirange(tstzrange(since + make_interval(secs => least(s.clock_skew, 0) - 60), null))
      else case when s.fresh_xid >= new_spans.cursor and s.fresh is not null then s.fresh else '{}' end
        + case when s.earlier_xid >= new_spans.cursor and s.earlier is not null then s.earlier else '{}' end
    end) as f (span)
  where d.tenant_id = rule.tenant_id and (rule.device_id is null or d.id = rule.device_id) and (rule.tag is null or rule.tag = any (d.tags));
end
$$;

-- As before, of the rule's devices.
create or replace function access.new_breaches(rule public.alert_rules, cursor xid8, moment timestamptz) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  width constant interval := make_interval(mins => rule.window_minutes);
begin
  return query
  select w.device_id, r.ts, b.value, r.received_at
  from access.new_spans(rule, new_breaches.cursor, moment) as w
  -- Device by device along the telemetry's index, whatever the planner believes: `offset 0`.
  cross join lateral (
    select t.ts, t.received_at, access.number_of(t.payload, rule.field) as value
    from public.telemetry as t
    where t.tenant_id = rule.tenant_id and t.device_id = w.device_id
      and t.ts >= lower(w.span) and t.ts < coalesce(upper(w.span), 'infinity')
      and age(t.xmin) <= w.reach and t.received_at > w.since
    offset 0
  ) as r
  cross join lateral (
    select case when rule.kind = 'threshold' then r.value else (
      select (r.value - first.value) / nullif(extract(epoch from r.ts - first.ts)::float8 / 60, 0)
      from (
        select t.ts, access.number_of(t.payload, rule.field) as value
        from public.telemetry as t
        where t.tenant_id = rule.tenant_id and t.device_id = w.device_id and t.ts >= r.ts - width and t.ts <= r.ts
          and access.number_of(t.payload, rule.field) is not null
        order by t.ts limit 1
      ) as first
      where r.value is not null) end as value
    offset 0
  ) as b
  where case rule.comparison when 'above' then b.value > rule.threshold else b.value < rule.threshold end;
end
$$;

-- A stretch of time in which a device met a rule's conditions, and what is known of each condition at its end; the last one of a
-- device has no `until`, and no `since` when the conditions are not met now.
create type access.rule_run as (
  device_id uuid, since timestamptz, until timestamptz, met boolean, met_at timestamptz, also_met boolean, also_met_at timestamptz,
  value float8, device_ts timestamptz);

-- The stretches of at least `hold` among readings (with `only_last` a device's last one that is over), and the last of each device. The
-- cursor has the readings by device in the order of receipt: device_id, received_at, ts, met, also_met, value, and in `known` what was
-- known of the device before. A value holds until the next reading with its field. What came before the last change of a condition
-- changes nothing: it is late, or was judged already.
create function access.rule_runs(readings refcursor, has_second boolean, hold interval, only_last boolean) returns setof access.rule_run
language plpgsql stable set search_path = ''
as $$
declare
  r record;
  run access.rule_run;
  passed access.rule_run;
begin
  loop
    fetch readings into r;
    if not found or r.device_id is distinct from run.device_id then
      if passed.device_id is not null then
        return next passed;
        passed := null;
      end if;
      if run.device_id is not null then
        return next run;
      end if;
      exit when r.device_id is null;
      run := r.known;
      run.device_id := r.device_id;
      run.met := coalesce(run.met, false);
      run.also_met := not has_second or coalesce(run.also_met, false);
      if run.met and run.also_met then
        run.since := greatest(run.met_at, run.also_met_at);
      end if;
    end if;
    if r.met <> run.met and (r.received_at <= run.met_at) is not true then
      run.met := r.met;
      run.met_at := r.received_at;
    end if;
    if r.also_met <> run.also_met and (r.received_at <= run.also_met_at) is not true then
      run.also_met := r.also_met;
      run.also_met_at := r.received_at;
    end if;
    run.value := coalesce(r.value, run.value);
    if run.met and run.also_met then
      run.since := coalesce(run.since, greatest(run.met_at, run.also_met_at));
      run.device_ts := coalesce(r.ts, run.device_ts);
    elsif run.since is not null then
      run.until := r.received_at;
      if run.until - run.since >= hold then
        if only_last then
          passed := run;
        else
          return next run;
        end if;
      end if;
      run.since := null;
      run.until := null;
    end if;
  end loop;
end
$$;

-- Judges one rule with `for_minutes` as of `moment`, as access.judge_rule does. Of the stretches that began and ended since it was last
-- judged, a device's last one opens and resolves an alert at once: one that flaps each second must not fill the table.
create function access.judge_lasting(rule public.alert_rules, cursor xid8, moment timestamptz) returns int
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  hold constant interval := make_interval(mins => rule.for_minutes);
  words constant text := access.rule_in_words(rule);
  readings refcursor;
  runs access.rule_run[];
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
    select v.device_id, v.received_at, v.ts, v.met, v.also_met, v.value,
      (v.device_id, null, null, s.met, s.met_at, s.also_met, s.also_met_at, s.value, s.device_ts)::access.rule_run as known
    from (
      select w.device_id, t.*
      from access.new_spans(rule, judge_lasting.cursor, moment) as w
      cross join lateral (
        select t.received_at, t.ts,
          access.meets(t.payload, rule.field, rule.comparison, rule.threshold, rule.wanted) as met,
          access.meets(t.payload, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted) as also_met,
          access.number_of(t.payload, rule.field) as value
        from public.telemetry as t
        where t.tenant_id = rule.tenant_id and t.device_id = w.device_id
          and t.ts >= lower(w.span) and t.ts < coalesce(upper(w.span), 'infinity')
          and age(t.xmin) <= w.reach and t.received_at > w.since
        offset 0
      ) as t
      union all
      -- A rule that begins knows what each device sent last, however long ago.
      select d.id, to_timestamp((f.newest ->> 2)::float8 / 1000), to_timestamp((f.newest ->> 1)::float8 / 1000),
        case when f.n = 1 then access.meets(f.payload, rule.field, rule.comparison, rule.threshold, rule.wanted) end,
        case when f.n = 2 then access.meets(f.payload, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted) end,
        access.number_of(f.payload, rule.field)
      from public.devices as d
      join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
      cross join lateral (
        select c.n, s.fields -> t.name as newest, jsonb_build_object(t.name, s.fields -> t.name -> 0) as payload
        from access.conditions(rule) as c
        cross join lateral (select case when s.fields ? c.field then c.field else split_part(c.field, '.', 1) end as name) as t
      ) as f
      where judge_lasting.cursor is null and d.tenant_id = rule.tenant_id and (rule.device_id is null or d.id = rule.device_id)
        and (rule.tag is null or rule.tag = any (d.tags))
        and to_timestamp((f.newest ->> 2)::float8 / 1000) <= access.judged_from(rule, moment)
    ) as v
    join public.devices as d on d.tenant_id = rule.tenant_id and d.id = v.device_id and d.enabled
    left join ingest.rule_states as s on s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.device_id = v.device_id
    where v.met is not null or v.also_met is not null
    order by v.device_id, v.received_at, v.ts;
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
  with opened as (
    insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message, device_ts)
    select rule.tenant_id, rule.id, r.device_id, r.since + hold, moment, r.value,
      words || access.value_in_words(rule, r.value), r.device_ts
    from unnest(runs) as r
    where r.until is not null and not exists (
      select from public.alerts as a where a.rule_id = rule.id and a.device_id = r.device_id and a.opened_at >= r.since + hold)
    on conflict (rule_id, device_id) where resolved_at is null do nothing
    returning id
  )
  select array_agg(o.id) into passed from opened as o;
  update public.alerts as a set resolved_at = moment where a.id = any (passed);
  with written as (
    insert into public.alerts as a (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message, device_ts)
    select rule.tenant_id, rule.id, s.device_id, greatest(s.met_at, s.also_met_at) + hold, moment, s.value,
      words || access.value_in_words(rule, s.value), s.device_ts
    from ingest.rule_states as s
    where s.tenant_id = rule.tenant_id and s.rule_id = rule.id and s.met and s.also_met
      and greatest(s.met_at, s.also_met_at) + hold <= moment
    on conflict (rule_id, device_id) where resolved_at is null do update
    set last_seen_at = excluded.last_seen_at, value = excluded.value, device_ts = excluded.device_ts
    where a.device_ts is distinct from excluded.device_ts
    returning (a.xmax = 0) as opened
  )
  select count(*) into n from written as w where w.opened;
  return changed + n + 2 * coalesce(cardinality(passed), 0);
end
$$;

-- As before; for the devices with the rule's tag, and of rules with `for_minutes`.
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

-- As before, and notes where a rule begins.
create or replace function ingest.judge_rules(
  rule_ids uuid[], since timestamptz, moment timestamptz default clock_timestamp(), out judged int, out changed int
)
language plpgsql security definer set search_path = ''
as $$
declare
  due record;
  tenant uuid;
  -- Taken before anything is read: what is stored meanwhile is judged twice rather than never.
  horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
begin
  judged := 0;
  changed := 0;
  for due in
    select r as rule, r.tenant_id, p.rule_id, p.cursor
    from public.alert_rules as r
    join public.alert_rule_progress as p on p.tenant_id = r.tenant_id and p.rule_id = r.id
    where r.id = any (judge_rules.rule_ids) and r.enabled
      -- A time ahead of now is from before the server's clock went back.
      and (p.judged_at between judge_rules.since and clock_timestamp()) is not true
    order by r.id
    for key share of r skip locked for update of p skip locked
  loop
    tenant := due.tenant_id;
    -- A cursor beyond the horizon is another server's: the database was restored. Everything in the spans counts as new.
    changed := changed + access.judge_rule(
      due.rule, case when due.cursor > horizon then '3' else due.cursor end, judge_rules.moment);
    judged := judged + 1;
    update public.alert_rule_progress as p
    set judged_at = judge_rules.moment, tried_at = clock_timestamp(), problem = null, failures = 0, cursor = horizon,
      judged_from = case when p.cursor is null then access.judged_from(due.rule, judge_rules.moment) else p.judged_from end
    where p.tenant_id = due.tenant_id and p.rule_id = due.rule_id;
  end loop;
  -- Only once each of the tenant's rules has begun: what one of them still needs is not forgotten.
  update ingest.tenant_cursors as c set judged = slowest.cursor
  from (
    select min(p.cursor) as cursor
    from public.alert_rule_progress as p join public.alert_rules as r on r.tenant_id = p.tenant_id and r.id = p.rule_id
    where r.enabled and p.tenant_id = tenant having bool_and(p.cursor is not null)
  ) as slowest
  where c.tenant_id = tenant and c.judged <> slowest.cursor;
end
$$;

-- The enabled devices of a rule.
create function access.rule_devices(rule public.alert_rules) returns table (id uuid)
language sql stable set search_path = ''
as $$
  select d.id from public.devices as d
  where d.tenant_id = rule.tenant_id and d.enabled and (rule.device_id is null or d.id = rule.device_id)
    and (rule.tag is null or rule.tag = any (d.tags))
$$;

-- Whether roll-ups can stand for readings.
create function access.is_rolled_up(rule public.alert_rules) returns boolean
language sql immutable
return (select bool_and(c.comparison in ('above', 'below') or c.comparison <> 'contains' and c.wanted in ('true', 'false'))
  from access.conditions(rule) as c);

-- What a rule with `for_minutes` would have seen since `since`, for the preview, as access.judge_lasting reads it: by device in the order of
-- receipt. Where a device has roll-ups a minute they stand for its readings: a minute in which only some readings meet a
-- condition does not meet it, and ends as its last reading says. Text has no roll-ups; of truth values they have 1 and 0.
create function access.past_readings(rule public.alert_rules, since timestamptz, until timestamptz)
returns table (device_id uuid, received_at timestamptz, ts timestamptz, met boolean, also_met boolean, value float8)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with condition as materialized (
    select c.n, c.field,
      case when c.comparison in ('above', 'below') then c.comparison
        when (c.comparison = 'is') = (c.wanted = 'true') then 'above' else 'below' end as comparison,
      case when c.comparison in ('above', 'below') then c.threshold else 0.5 end as threshold
    from access.conditions(rule) as c
  ), span as materialized (
    select d.id, make_interval(secs => coalesce(s.clock_skew, 0)) as skew, p.low, p.high, m.covered
    from access.rule_devices(rule) as d
    left join public.device_status as s on s.tenant_id = rule.tenant_id and s.device_id = d.id
    cross join lateral (
      -- An hour for what came late; less where little is looked at.
      select past_readings.since + make_interval(secs => least(s.clock_skew, 0))
          - least(interval '1 hour', (past_readings.until - past_readings.since) / 10) as low,
        past_readings.until + make_interval(secs => greatest(s.clock_skew, 0) + 300) as high
    ) as p
    cross join lateral (
      select coalesce(range_agg(tstzrange(r.bucket, r.bucket + interval '1 minute')), '{}') as covered
      from public.telemetry_rollups as r
      where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > p.low and r.bucket <= p.high
        and access.is_rolled_up(rule) and (r.is_whole or (r.fields ? rule.field and r.fields ? coalesce(rule.also_field, rule.field)))
    ) as m
  )
  select v.id, v.received_at, v.ts, v.met, v.also_met, v.value
  from (
    select d.id, t.received_at, t.ts, t.met, t.also_met, t.value
    from span as d
    cross join lateral unnest(tstzmultirange(tstzrange(d.low, d.high, '(]')) - d.covered) as gap
    cross join lateral (
      select t.received_at, t.ts,
        access.meets(t.payload, rule.field, rule.comparison, rule.threshold, rule.wanted) as met,
        access.meets(t.payload, rule.also_field, rule.also_comparison, rule.also_threshold, rule.also_wanted) as also_met,
        access.number_of(t.payload, rule.field) as value
      from public.telemetry as t
      where t.tenant_id = rule.tenant_id and t.device_id = d.id and t.ts >= lower(gap) and t.ts <= upper(gap) and t.ts <@ gap
      offset 0
    ) as t
    union all
    select d.id, least(e.at - d.skew, past_readings.until), e.at, case when c.n = 1 then e.met end, case when c.n = 2 then e.met end,
      case when c.n = 1 then e.value end
    from span as d
    cross join lateral (
      select r.bucket, r.fields from public.telemetry_rollups as r
      where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > d.low and r.bucket <= d.high
        and not isempty(d.covered)
      offset 0
    ) as r
    cross join condition as c
    cross join lateral (
      select (f.value ->> 1)::float8 as low, (f.value ->> 3)::float8 as high, (f.value ->> 4)::float8 as last
      from (select r.fields -> c.field as value) as f where f.value is not null
    ) as f
    cross join lateral (
      select r.bucket as at, f.last as value, case c.comparison when 'above' then f.low > c.threshold else f.high < c.threshold end as met
      union all
      -- Some do and the last one does.
      select r.bucket + interval '59 seconds', f.last, true
      where case c.comparison when 'above' then f.low <= c.threshold and f.last > c.threshold
        else f.high >= c.threshold and f.last < c.threshold end
    ) as e
  ) as v
  where v.received_at > past_readings.since and v.received_at <= past_readings.until and (v.met is not null or v.also_met is not null)
  order by v.id, v.received_at, v.ts;
end
$$;

-- Since when a rule with `for_minutes` is tried: at most 100,000 readings that no roll-up stands for are read, by the busiest device's share.
create function access.tried_from(rule public.alert_rules, since timestamptz) returns timestamptz
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  share constant int := 100000 / (select greatest(count(*), 1) from access.rule_devices(rule));
begin
  return greatest(tried_from.since, (
    select max(n.ts)
    from access.rule_devices(rule) as d
    cross join lateral (
      select t.ts from public.telemetry as t
      where t.tenant_id = rule.tenant_id and t.device_id = d.id and t.ts > tried_from.since and t.ts <= now()
        and not (access.is_rolled_up(rule) and exists (
          select from public.telemetry_rollups as r
          where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > tried_from.since))
      order by t.ts desc offset share limit 1
    ) as n));
end
$$;

-- A rule's breaches among what came (since, until], for the preview, as before, of the rule's devices.
drop function access.breaches(uuid, text, uuid, text, text, float8, int, timestamptz, timestamptz);
create function access.breaches(rule public.alert_rules, since timestamptz, until timestamptz) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  width constant interval := make_interval(mins => rule.window_minutes);
  -- Of the arrays in a roll-up's fields.
  extreme constant int := case rule.comparison when 'below' then 1 else 3 end;
begin
  return query
  with span as materialized (
    select d.id, d.created_at, s.last_received_at, make_interval(secs => coalesce(s.clock_skew, 0)) as skew, p.low, p.high, m.covered
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    cross join lateral (
      select breaches.since - case rule.kind when 'rate' then width else '0' end
          + make_interval(secs => least(s.clock_skew, 0) - 3600) as low,
        breaches.until + make_interval(secs => greatest(s.clock_skew, 0) + 300) as high
    ) as p
    cross join lateral (
      select coalesce(range_agg(tstzrange(r.bucket, r.bucket + interval '1 minute')), '{}') as covered
      from public.telemetry_rollups as r
      where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > p.low and r.bucket <= p.high
        and (rule.kind = 'missing' or r.is_whole or r.fields ? rule.field)
    ) as m
    where d.tenant_id = rule.tenant_id and (d.enabled or rule.kind <> 'missing')
      and (rule.device_id is null or d.id = rule.device_id) and (rule.tag is null or rule.tag = any (d.tags))
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
        -- The last before: a window may be of days.
        (select t.received_at from public.telemetry as t
        where t.tenant_id = rule.tenant_id and t.device_id = d.id and t.ts <= d.low and t.ts > d.low - width
          and t.received_at > breaches.since - width
        order by t.ts desc limit 1)
        union all
        (select r.bucket + interval '1 minute' - d.skew from public.telemetry_rollups as r
        where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket <= d.low and r.bucket > d.low - width
        order by r.bucket desc limit 1)
        union all
        select edge.at from public.telemetry_rollups as r
        cross join lateral (values (r.bucket - d.skew), (least(r.bucket + interval '1 minute' - d.skew, breaches.until))) as edge (at)
        where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > d.low and r.bucket <= d.high
          and edge.at > breaches.since - width and edge.at <= breaches.until
        union all
        (select t.received_at
        from unnest(tstzmultirange(tstzrange(d.low, d.high, '(]')) - d.covered) as gap
        cross join lateral (
          select t.received_at from public.telemetry as t
          where t.tenant_id = rule.tenant_id and t.device_id = d.id and t.ts >= lower(gap) and t.ts <= upper(gap) and t.ts <@ gap
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
      select w.ts, w.received_at, case when rule.kind = 'threshold' then w.value else
        (w.value - first_value(w.base) over past) /
          nullif(extract(epoch from w.ts - first_value(w.ts) over past)::float8 / 60, 0) end as value
      from (
        select t.ts, t.received_at, t.value, t.value as base
        from unnest(tstzmultirange(tstzrange(d.low, d.high, '(]')) - d.covered) as gap
        cross join lateral (
          select t.ts, t.received_at, access.number_of(t.payload, rule.field) as value
          from public.telemetry as t
          where t.tenant_id = rule.tenant_id and t.device_id = d.id and t.ts >= lower(gap) and t.ts <= upper(gap) and t.ts <@ gap
          offset 0
        ) as t
        union all
        select r.bucket, least(r.bucket - d.skew, breaches.until), (r.value ->> extreme)::float8, (r.value ->> 2)::float8
        from (
          select r.bucket, r.fields -> rule.field as value from public.telemetry_rollups as r
          where r.tenant_id = rule.tenant_id and r.device_id = d.id and r.step = 60 and r.bucket > d.low and r.bucket <= d.high
          offset 0
        ) as r
      ) as w
      where w.value is not null
      window past as (order by w.ts range between width preceding and current row)
    ) as r
    where r.received_at > breaches.since and r.received_at <= breaches.until
      and case rule.comparison when 'above' then r.value > rule.threshold else r.value < rule.threshold end
  )
  select b.id, b.at, b.value, b.received_at from silences as b where rule.kind = 'missing'
  union all
  select b.id, b.ts, b.value, b.received_at from crossings as b where rule.kind <> 'missing';
end
$$;

-- What a rule would have opened alerts on in the last hours (1 to 25), as before. `looked_from`: there are more readings than can
-- be tried in time, and only what came since then was.
drop function public.try_alert_rule(uuid, text, uuid, text, text, float8, int, int);
create function public.try_alert_rule(
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

revoke all on function
  access.value_of(jsonb, text), access.value_meets(jsonb, text, text), access.meets(jsonb, text, text, float8, text),
  access.conditions(public.alert_rules), access.minutes_in_words(int), access.rule_in_words(public.alert_rules),
  access.value_in_words(public.alert_rules, float8), access.judged_from(public.alert_rules, timestamptz),
  access.new_spans(public.alert_rules, xid8, timestamptz), access.rule_runs(refcursor, boolean, interval, boolean),
  access.judge_lasting(public.alert_rules, xid8, timestamptz), access.rule_devices(public.alert_rules),
  access.is_rolled_up(public.alert_rules), access.past_readings(public.alert_rules, timestamptz, timestamptz),
  access.tried_from(public.alert_rules, timestamptz), access.breaches(public.alert_rules, timestamptz, timestamptz),
  public.try_alert_rule(uuid, text, uuid, text, text, float8, int, int, text, text, int, text, text, float8, text)
  from public, anon, authenticated, service_role;
-- The preview calls them as the person who asks.
grant execute on function
  access.value_of(jsonb, text), access.value_meets(jsonb, text, text), access.meets(jsonb, text, text, float8, text),
  access.conditions(public.alert_rules), access.rule_runs(refcursor, boolean, interval, boolean), access.rule_devices(public.alert_rules),
  access.is_rolled_up(public.alert_rules), access.past_readings(public.alert_rules, timestamptz, timestamptz),
  access.tried_from(public.alert_rules, timestamptz), access.breaches(public.alert_rules, timestamptz, timestamptz),
  public.try_alert_rule(uuid, text, uuid, text, text, float8, int, int, text, text, int, text, text, float8, text)
  to authenticated;
