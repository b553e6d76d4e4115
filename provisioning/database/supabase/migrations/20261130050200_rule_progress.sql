-- Alert rules are judged a few at a time, each on what was stored since it was last judged. A transaction judges some
-- rules of one tenant and has its own time limit: no tenant's rules can delay another's. Receipt decides what is new, what
-- is silent and when an alert is over; the device's time is only shown.

-- The device's time of the newest breach; a silence has none.
alter table public.alerts add column device_ts timestamptz;
comment on column public.alerts.opened_at is 'When the first breach came, or the silence became too long.';
comment on column public.alerts.last_seen_at is 'When the newest breach was found.';

-- How far each rule is.
create table public.alert_rule_progress (
  tenant_id uuid not null,
  rule_id uuid not null,
  -- When the rule was last judged; null: never since it was made, changed or switched on.
  judged_at timestamptz,
  -- When that was last tried, what was in the way, and how often in a row.
  tried_at timestamptz not null default '-infinity',
  problem text,
  failures int not null default 0,
  -- The last span of time in which readings came that the rule will never judge: they took too long too often.
  skipped_from timestamptz,
  skipped_until timestamptz,
  -- What transactions before this one stored has been judged. Times of receipt would not do: a reading that waited on the
  -- broker is stored after later ones were judged.
  cursor xid8,
  primary key (tenant_id, rule_id),
  foreign key (tenant_id, rule_id) references public.alert_rules (tenant_id, id) on delete cascade
) with (fillfactor = 50); -- Updated each minute, in place.

alter table public.alert_rule_progress enable row level security;
alter table public.alert_rule_progress force row level security;
revoke all on public.alert_rule_progress from public, anon, authenticated, service_role;
grant select (tenant_id, rule_id, judged_at, tried_at, problem, skipped_from, skipped_until)
  on public.alert_rule_progress to authenticated;
grant select on public.alert_rule_progress to service_role;
create policy members_select on public.alert_rule_progress for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.alert_rule_progress for select to service_role using (true);

-- A rule begins with what came in its last window, at most an hour, when it is made, changed or switched on. Switched off, it
-- has no open alerts.
create function access.restart_rule() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.tenant_cursors (tenant_id, judged)
  values (new.tenant_id, pg_snapshot_xmin(pg_current_snapshot())) on conflict do nothing;
  insert into public.alert_rule_progress as p (tenant_id, rule_id) values (new.tenant_id, new.id)
  on conflict (tenant_id, rule_id) do update
  set judged_at = null, tried_at = '-infinity', problem = null, failures = 0, cursor = null;
  -- After its progress, as ingest.judge_rules does: they would wait for each other.
  if not new.enabled then
    update public.alerts as a set resolved_at = now() where a.rule_id = new.id and a.resolved_at is null;
  end if;
  return null;
end
$$;
create trigger restart_new after insert on public.alert_rules for each row execute function access.restart_rule();
create trigger restart_changed after update on public.alert_rules for each row
  when ((old.kind, old.device_id, old.field, old.comparison, old.threshold, old.window_minutes, old.enabled)
    is distinct from (new.kind, new.device_id, new.field, new.comparison, new.threshold, new.window_minutes, new.enabled))
  execute function access.restart_rule();

insert into public.alert_rule_progress (tenant_id, rule_id) select r.tenant_id, r.id from public.alert_rules as r;
insert into ingest.tenant_cursors (tenant_id, judged)
select distinct r.tenant_id, pg_snapshot_xmin(pg_current_snapshot()) from public.alert_rules as r;
update public.alerts as a set resolved_at = now()
from public.alert_rules as r where r.id = a.rule_id and not r.enabled and a.resolved_at is null;

-- A breach, as before, and when it came.
alter type public.breach add attribute received_at timestamptz;

-- The breaches of a threshold or rate rule among what transactions from `cursor` on stored; without a cursor, among what
-- came in the rule's window before `moment`, at most an hour: longer ones must not keep the first round busy.
create function access.new_breaches(rule public.alert_rules, cursor xid8, moment timestamptz) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  width constant interval := make_interval(mins => rule.window_minutes);
  -- How many transactions ago the cursor was, as age() counts: right beyond the point where ids start again.
  reach constant int := case when new_breaches.cursor is null then 2147483647 else age(new_breaches.cursor::xid) end;
  since constant timestamptz := case when new_breaches.cursor is null then moment - least(width, interval '1 hour') else '-infinity' end;
begin
  return query
  select w.device_id, r.ts, b.value, r.received_at
  from (
    select d.id as device_id, f.span
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    cross join lateral unnest(
      case when new_breaches.cursor is null
        then tstzmultirange(tstzrange(since + make_interval(secs => least(s.clock_skew, 0) - 60), null))
        else case when s.fresh_xid >= new_breaches.cursor and s.fresh is not null then s.fresh else '{}' end
          + case when s.earlier_xid >= new_breaches.cursor and s.earlier is not null then s.earlier else '{}' end
      end) as f (span)
    where d.tenant_id = rule.tenant_id and (rule.device_id is null or d.id = rule.device_id)
  ) as w
  -- Device by device along the telemetry's index, whatever the planner believes: `offset 0`.
  cross join lateral (
    select t.ts, t.received_at, access.number_of(t.payload, rule.field) as value
    from public.telemetry as t
    where t.tenant_id = rule.tenant_id and t.device_id = w.device_id
      and t.ts >= lower(w.span) and t.ts < coalesce(upper(w.span), 'infinity')
      and age(t.xmin) <= reach and t.received_at > since
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

-- Judges one rule as of `moment`: opens, refreshes and resolves its alerts. Returns how many were opened or resolved.
create function access.judge_rule(rule public.alert_rules, cursor xid8, moment timestamptz) returns int
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  span constant interval := make_interval(mins => rule.window_minutes);
  changed int;
begin
  if rule.kind = 'missing' then
    with heard as (
      select d.id, greatest(s.last_received_at, d.created_at) as at, d.enabled
      from public.devices as d
      left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
      where d.tenant_id = rule.tenant_id and (rule.device_id is null or d.id = rule.device_id)
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

-- Judges enabled rules of one tenant as of `moment`, except those that were judged since `since`, and those that another
-- transaction judges or deletes. Returns how many were judged, and how many alerts were opened or resolved.
create function ingest.judge_rules(
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
    set judged_at = judge_rules.moment, tried_at = clock_timestamp(), problem = null, failures = 0, cursor = horizon
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

-- The rules to judge, in turns of at most `most` rules of one tenant: each tenant's least recently tried first, and the
-- first turn of every tenant before the second of any. `asked_at` is the moment of the answer.
create function ingest.due_rules(most int) returns table (tenant_id uuid, rule_ids uuid[], asked_at timestamptz)
language sql security definer set search_path = ''
as $$
  -- Nobody judges for these.
  update ingest.tenant_cursors as c set judged = pg_snapshot_xmin(pg_current_snapshot())
  where not exists (select from public.alert_rules as r where r.tenant_id = c.tenant_id and r.enabled);
  select t.tenant_id, array_agg(t.rule_id order by t.tried_at, t.rule_id), clock_timestamp()
  from (
    select p.tenant_id, p.rule_id, p.tried_at,
      (row_number() over (partition by p.tenant_id order by p.tried_at, p.rule_id) - 1) / greatest(most, 1) as turn
    from public.alert_rule_progress as p
    join public.alert_rules as r on r.tenant_id = p.tenant_id and r.id = p.rule_id
    where r.enabled
  ) as t
  group by t.tenant_id, t.turn
  order by t.turn, min(t.tried_at), t.tenant_id;
$$;

-- Notes that rules were tried and not judged, so that others come first, and why. A rule that fails a third time, or that failed
-- on what came before it was made, goes on with what comes next; `skipped_from` and `skipped_until` keep what it left out.
-- @param problem null: some rule of the turn failed, and it is not known which.
create function ingest.note_unjudged(rule_ids uuid[], problem text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  update public.alert_rule_progress as p set tried_at = clock_timestamp() where p.rule_id = any (note_unjudged.rule_ids);
  if note_unjudged.problem is null then
    return;
  end if;
  update public.alert_rule_progress as p
  set skipped_from = coalesce(p.judged_at, now() - make_interval(mins => least(r.window_minutes, 60))), skipped_until = now(),
    cursor = pg_snapshot_xmin(pg_current_snapshot())
  from public.alert_rules as r
  where p.rule_id = any (note_unjudged.rule_ids) and r.tenant_id = p.tenant_id and r.id = p.rule_id
    and (p.failures = 2 or p.cursor is null);
  update public.alert_rule_progress as p set problem = note_unjudged.problem, failures = (p.failures + 1) % 3
  where p.rule_id = any (note_unjudged.rule_ids);
end
$$;

-- One round in one transaction, for a version of the platform that knows nothing else, and for operators. Judges for 15
-- seconds at most. Returns how many alerts were opened or resolved. Fails when there was something to judge and nothing was.
create or replace function public.evaluate_alert_rules() returns int
language plpgsql security definer set search_path = ''
as $$
declare
  turn record;
  result record;
  due int := 0;
  judged int := 0;
  changed int := 0;
begin
  for turn in select * from ingest.due_rules(20) loop
    exit when clock_timestamp() > now() + interval '15 seconds';
    select * into result from ingest.judge_rules(turn.rule_ids, turn.asked_at);
    due := due + cardinality(turn.rule_ids);
    judged := judged + result.judged;
    changed := changed + result.changed;
  end loop;
  if due > 0 and judged = 0 then
    raise exception 'no rule was judged'
      using errcode = 'lock_not_available', hint = 'Another evaluation is under way. Try again.';
  end if;
  return changed;
end
$$;

-- A rule's breaches among the readings that came in (since, until], for the preview. Reads as the user who asks. As what
-- access.judge_rule finds, but by the device's time, which has an index: what came more than an hour late, and later than
-- the device's clock explains, is not found. A repeat is not a row: where devices repeat equal readings without a time, silences look
-- longer here than the rule sees them.
create or replace function access.breaches(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  since timestamptz, until timestamptz
) returns setof public.breach
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  width constant interval := make_interval(mins => breaches.window_minutes);
begin
  if breaches.kind = 'missing' then
    -- Silences: where a window has passed since a reading, or since the device was added, and no other came. The value
    -- is how many minutes it was silent.
    return query
    select d.id, r.at + width, extract(epoch from least(r.next_at, breaches.until) - r.at)::float8 / 60, r.at + width
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    cross join lateral (
      select times.at, lead(times.at) over (order by times.at) as next_at
      from (
        select greatest(d.created_at, breaches.since - width) as at
        union all
        select s.last_received_at where s.last_received_at > breaches.since - width
        union all
        (select t.received_at from public.telemetry as t
        where t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - width + make_interval(secs => least(s.clock_skew, 0) - 3600)
          and t.ts <= breaches.until + make_interval(secs => greatest(s.clock_skew, 0) + 300)
          and t.received_at > breaches.since - width and t.received_at <= breaches.until
        offset 0)
      ) as times
    ) as r
    where d.tenant_id = breaches.tenant_id and d.enabled and (breaches.device_id is null or d.id = breaches.device_id)
      and (r.next_at - r.at > width) is not false and r.at + width between breaches.since and breaches.until;
  else
    return query
    select d.id, r.ts, r.value, r.received_at
    from public.devices as d
    left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
    cross join lateral (
      select w.ts, w.received_at, case when breaches.kind = 'threshold' then w.value else
        (w.value - first_value(w.value) over past) /
          nullif(extract(epoch from w.ts - first_value(w.ts) over past)::float8 / 60, 0) end as value
      from (
        select t.ts, t.received_at, access.number_of(t.payload, breaches.field) as value
        from public.telemetry as t
        where t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - case breaches.kind when 'rate' then width else '0' end
            + make_interval(secs => least(s.clock_skew, 0) - 3600)
          and t.ts <= breaches.until + make_interval(secs => greatest(s.clock_skew, 0) + 300)
        offset 0
      ) as w
      where w.value is not null
      window past as (order by w.ts range between width preceding and current row)
    ) as r
    where d.tenant_id = breaches.tenant_id and (breaches.device_id is null or d.id = breaches.device_id)
      and r.received_at > breaches.since and r.received_at <= breaches.until
      and case breaches.comparison when 'above' then r.value > breaches.threshold else r.value < breaches.threshold end;
  end if;
end
$$;
-- What a rule would have opened alerts on in the last hours (1 to 25): how often, on how many devices, how often in
-- each hour (the newest last), and the five newest. By the time of receipt; `at` is the device's. One row; none for a tenant
-- that the caller does not belong to.
create or replace function public.try_alert_rule(
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
    select b.device_id, b.at, b.value, b.received_at
    from (
      select x.*, lag(x.received_at) over (partition by x.device_id order by x.received_at) as before
      from access.breaches(
        try_alert_rule.tenant_id, try_alert_rule.kind, try_alert_rule.device_id, try_alert_rule.field,
        try_alert_rule.comparison, try_alert_rule.threshold, try_alert_rule.window_minutes,
        now() - make_interval(hours => try_alert_rule.hours), now()) as x
    ) as b
    where b.before is null or try_alert_rule.kind = 'missing' or b.received_at - b.before > span
  ), counted as (
    select least(floor(extract(epoch from now() - f.received_at) / 3600)::int, try_alert_rule.hours - 1) as ago, count(*)::int as n
    from firing as f group by 1
  )
  select count(*), count(distinct f.device_id),
    array(
      select coalesce(c.n, 0) from generate_series(try_alert_rule.hours - 1, 0, -1) as hour (ago) left join counted as c using (ago)
      order by hour.ago desc),
    coalesce(
      (select jsonb_agg(n) from (select * from firing order by received_at desc, device_id limit 5) as n), '[]')
  from firing as f;
end
$$;

revoke all on function
  access.restart_rule(),
  access.new_breaches(public.alert_rules, xid8, timestamptz), access.judge_rule(public.alert_rules, xid8, timestamptz),
  ingest.judge_rules(uuid[], timestamptz, timestamptz), ingest.due_rules(int), ingest.note_unjudged(uuid[], text)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.judge_rules(uuid[], timestamptz, timestamptz), ingest.due_rules(int), ingest.note_unjudged(uuid[], text)
  to mqtt_ingest;
