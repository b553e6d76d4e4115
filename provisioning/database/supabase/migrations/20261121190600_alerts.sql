-- Alert rules, the alerts they open, and what a rule would have opened.
--
-- A breach is a reading beyond a rule's threshold ("threshold"), or at which the field had changed by more than that a
-- minute since the first reading of the window before it ("rate"), or the end of a window without any reading
-- ("missing"). A device's alert opens with a breach. It resolves when there was none for `window_minutes`, or, after a
-- silence, when the device speaks again.

create table public.alert_rules (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('threshold', 'missing', 'rate')),
  -- Null: all devices of the tenant.
  device_id uuid,
  -- A numeric top-level field of the payload. For "rate", the threshold is its change a minute.
  field text check (length(field) between 1 and 200),
  comparison text check (comparison in ('above', 'below')),
  threshold float8 check (threshold between -1e300 and 1e300),
  window_minutes int not null default 5 check (window_minutes between 1 and 1440),
  severity text not null default 'warning' check (severity in ('info', 'warning', 'critical')),
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (case kind when 'missing' then num_nonnulls(field, comparison, threshold) = 0
    else num_nulls(field, comparison, threshold) = 0 end),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade,
  -- Lets alerts prove that their tenant is the rule's.
  unique (tenant_id, id)
);
create index alert_rules_device on public.alert_rules (tenant_id, device_id);

create table public.alerts (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  rule_id uuid not null,
  device_id uuid not null,
  opened_at timestamptz not null,
  -- The newest breach.
  last_seen_at timestamptz not null,
  resolved_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  value float8,
  message text not null,
  foreign key (tenant_id, rule_id) references public.alert_rules (tenant_id, id) on delete cascade,
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
);
-- One open alert a rule and device, whatever runs at once.
create unique index alerts_one_open on public.alerts (rule_id, device_id) where resolved_at is null;
create index alerts_tenant_opened on public.alerts (tenant_id, opened_at desc);
create index alerts_rule on public.alerts (tenant_id, rule_id);
create index alerts_device on public.alerts (tenant_id, device_id);

alter table public.alert_rules enable row level security;
alter table public.alert_rules force row level security;
alter table public.alerts enable row level security;
alter table public.alerts force row level security;
revoke all on public.alert_rules, public.alerts from public, anon, authenticated, service_role;
grant select, delete on public.alert_rules to authenticated;
-- Neither id nor times can be given, and a rule's tenant cannot be changed.
grant insert (tenant_id, name, kind, device_id, field, comparison, threshold, window_minutes, severity, enabled)
  on public.alert_rules to authenticated;
grant update (name, kind, device_id, field, comparison, threshold, window_minutes, severity, enabled)
  on public.alert_rules to authenticated;
grant select on public.alerts to authenticated;
grant select, insert, update, delete on public.alert_rules, public.alerts to service_role;
create policy service_role_all on public.alert_rules for all to service_role using (true) with check (true);
create policy service_role_all on public.alerts for all to service_role using (true) with check (true);
create policy members_select on public.alert_rules for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy staff_insert on public.alert_rules for insert to authenticated
  with check (tenant_id = any ((select access.staffed_tenants())::uuid[]));
create policy staff_update on public.alert_rules for update to authenticated
  using (tenant_id = any ((select access.staffed_tenants())::uuid[]))
  with check (tenant_id = any ((select access.staffed_tenants())::uuid[]));
create policy staff_delete on public.alert_rules for delete to authenticated
  using (tenant_id = any ((select access.staffed_tenants())::uuid[]));
create policy members_select on public.alerts for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));

create function access.touch() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
create trigger touch before update on public.alert_rules for each row execute function access.touch();
create trigger audit after insert or update or delete on public.alert_rules
  for each row execute function access.audit('alert_rule', 'name');
create trigger audit after update on public.alerts
  for each row when (old.acknowledged_at is distinct from new.acknowledged_at) execute function access.audit('alert', 'id');

-- A composite, because a function cannot return a column named like an argument.
create type public.breach as (device_id uuid, at timestamptz, value float8);

-- A rule's breaches in (since, until], oldest first. Reads as whoever asks.
create function access.breaches(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  since timestamptz, until timestamptz
) returns setof public.breach
language plpgsql stable set search_path = ''
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
        select t.ts from public.telemetry as t
        where t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - span and t.ts <= breaches.until
      ) as times
    ) as r
    where d.tenant_id = breaches.tenant_id and d.enabled and (breaches.device_id is null or d.id = breaches.device_id)
      and (r.next_ts - r.ts > span) is not false and r.ts + span between breaches.since and breaches.until
    order by 2;
  elsif breaches.kind = 'threshold' then
    return query
    select d.id, t.ts, n.value
    from public.devices as d
    join public.telemetry as t on t.tenant_id = breaches.tenant_id and t.device_id = d.id
      and t.ts > breaches.since and t.ts <= breaches.until
    cross join lateral (select access.number_of(t.payload, breaches.field) as value) as n
    where d.tenant_id = breaches.tenant_id and (breaches.device_id is null or d.id = breaches.device_id)
      and case breaches.comparison when 'above' then n.value > breaches.threshold else n.value < breaches.threshold end
    order by 2;
  else
    return query
    select r.device_id, r.ts, r.change
    from (
      select w.device_id, w.ts,
        (w.value - first_value(w.value) over past) /
          nullif(extract(epoch from w.ts - first_value(w.ts) over past)::float8 / 60, 0) as change
      from (
        select t.device_id, t.ts, access.number_of(t.payload, breaches.field) as value
        from public.devices as d
        join public.telemetry as t on t.tenant_id = breaches.tenant_id and t.device_id = d.id
          and t.ts > breaches.since - span and t.ts <= breaches.until
        where d.tenant_id = breaches.tenant_id and (breaches.device_id is null or d.id = breaches.device_id)
      ) as w
      where w.value is not null
      window past as (partition by w.device_id order by w.ts range between span preceding and current row)
    ) as r
    where r.ts > breaches.since
      and case breaches.comparison when 'above' then r.change > breaches.threshold else r.change < breaches.threshold end
    order by 2;
  end if;
end
$$;

-- What a rule would have opened alerts on since `since` (at most 31 days ago): device, time, value of the first breach.
create function public.preview_alert_rule(
  tenant_id uuid, kind text, device_id uuid, field text, comparison text, threshold float8, window_minutes int,
  since timestamptz
) returns setof public.breach
language plpgsql stable set search_path = ''
as $$
#variable_conflict use_column
begin
  if (preview_alert_rule.kind in ('threshold', 'missing', 'rate')) is not true
    or (preview_alert_rule.window_minutes between 1 and 1440) is not true
    or (preview_alert_rule.kind <> 'missing' and (num_nulls(preview_alert_rule.field, preview_alert_rule.threshold) > 0
      or (preview_alert_rule.comparison in ('above', 'below')) is not true))
    or (preview_alert_rule.since between now() - interval '31 days' and now()) is not true
  then
    raise exception 'this rule cannot be tried'
      using errcode = 'invalid_parameter_value',
        hint = 'kind: threshold, missing or rate; window_minutes: 1 to 1440; field, comparison (above, below) and threshold '
          'unless missing; since: within the last 31 days.';
  end if;
  return query
  select b.device_id, b.at, b.value
  from (
    select x.device_id, x.at, x.value, lag(x.at) over (partition by x.device_id order by x.at) as before
    from access.breaches(
      preview_alert_rule.tenant_id, preview_alert_rule.kind, preview_alert_rule.device_id, preview_alert_rule.field,
      preview_alert_rule.comparison, preview_alert_rule.threshold, preview_alert_rule.window_minutes,
      preview_alert_rule.since, now()) as x
  ) as b
  where b.before is null or preview_alert_rule.kind = 'missing'
    or b.at - b.before > make_interval(mins => preview_alert_rule.window_minutes)
  order by b.at, b.device_id;
end
$$;

-- Opens, refreshes and resolves alerts. Returns how many were opened or resolved; 0 at once when another call is at it.
create function public.evaluate_alert_rules() returns int
language plpgsql security definer set search_path = ''
as $$
declare
  rule public.alert_rules;
  -- One moment for all rules.
  moment constant timestamptz := now();
  span interval;
  changed int := 0;
  n int;
begin
  if not pg_try_advisory_xact_lock(hashtext('public.evaluate_alert_rules')) then
    return 0;
  end if;
  for rule in select r.* from public.alert_rules as r where r.enabled order by r.id loop
    span := make_interval(mins => rule.window_minutes);
    with breach as (
      select distinct on (b.device_id) b.device_id, b.at, b.value, min(b.at) over (partition by b.device_id) as first_at
      from access.breaches(rule.tenant_id, rule.kind, rule.device_id, rule.field, rule.comparison, rule.threshold,
        rule.window_minutes, moment - span, moment) as b
      -- A silence that has ended is no reason any more; a reading beyond the threshold is one for a window.
      where rule.kind <> 'missing' or not exists (
        select from public.telemetry as t
        where t.tenant_id = rule.tenant_id and t.device_id = b.device_id and t.ts > moment - span and t.ts <= moment)
      order by b.device_id, b.at desc
    ), written as (
      insert into public.alerts as a (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message)
      select rule.tenant_id, rule.id, b.device_id, b.first_at,
        case rule.kind when 'missing' then moment else b.at end, b.value,
        case rule.kind
          when 'missing' then format('no reading for %s minutes', rule.window_minutes)
          when 'rate' then
            format('%s changed by %s a minute, which is %s %s', rule.field, b.value, rule.comparison, rule.threshold)
          else format('%s was %s, which is %s %s', rule.field, b.value, rule.comparison, rule.threshold)
        end
      from breach as b
      on conflict (rule_id, device_id) where resolved_at is null do update
        -- A silence is as long as it has lasted: breaches look back two windows only.
        set last_seen_at = excluded.last_seen_at, value = case rule.kind
          when 'missing' then extract(epoch from moment - a.opened_at)::float8 / 60 + rule.window_minutes
          else excluded.value
        end
      returning (a.xmax = 0) as opened
    ), resolved as (
      update public.alerts as a set resolved_at = moment
      where a.rule_id = rule.id and a.resolved_at is null and a.device_id not in (select b.device_id from breach as b)
      returning 1
    )
    select (select count(*) from written where opened) + (select count(*) from resolved) into n;
    changed := changed + n;
  end loop;
  update public.alerts as a set resolved_at = moment
  from public.alert_rules as r where r.id = a.rule_id and not r.enabled and a.resolved_at is null;
  get diagnostics n = row_count;
  return changed + n;
end
$$;

-- Notes that somebody looks after an alert. The first who does stays noted.
create function public.acknowledge_alert(alert_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(
    (select a.tenant_id from public.alerts as a where a.id = alert_id), '{owner,staff}', 'alert');
  update public.alerts as a set acknowledged_at = now(), acknowledged_by = auth.uid()
  where a.id = alert_id and a.acknowledged_at is null;
end
$$;

revoke all on function access.touch(),
  access.breaches(uuid, text, uuid, text, text, float8, int, timestamptz, timestamptz),
  public.preview_alert_rule(uuid, text, uuid, text, text, float8, int, timestamptz),
  public.evaluate_alert_rules(), public.acknowledge_alert(uuid)
  from public, anon, authenticated, service_role;
grant execute on function
  access.breaches(uuid, text, uuid, text, text, float8, int, timestamptz, timestamptz),
  public.preview_alert_rule(uuid, text, uuid, text, text, float8, int, timestamptz),
  public.acknowledge_alert(uuid)
  to authenticated;
grant execute on function public.evaluate_alert_rules() to mqtt_ingest, service_role;
