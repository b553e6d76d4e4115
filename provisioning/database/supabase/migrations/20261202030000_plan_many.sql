-- Many alerts at once are planned in a small part of a turn. The former function sorted each alert with each route, and read each alert
-- again: it is given them now. Of a route only as many matter as its channel may have in an hour: a digest tells of the others.

drop function access.plan_notifications(uuid, uuid[], text, uuid, int);

-- Puts what happened to a tenant's alerts into the outbox, or into a channel's digest: in quiet hours, for a device that flaps, and for a
-- channel with more in an hour than one reads. One statement for all of them: a rule may open an alert for each device.
-- @param alerts as they are now. @param only_route, n of a repetition: its route, and which one it is.
create function access.plan_notifications(tenant uuid, alerts public.alerts[], happened text, only_route uuid default null, n int default 0)
returns void
language plpgsql security definer set search_path = ''
-- A plan for the few alerts of a session's first statements would be slow for many.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  most_flaps constant int := (
    select max(r.digest_above) from public.notification_routes as r where r.tenant_id = plan_notifications.tenant and r.enabled);
  tenant_name constant text := (select t.name from public.tenants as t where t.id = plan_notifications.tenant);
begin
  if most_flaps is null then
    return;
  end if;
  with alert as materialized (
    select a.id as alert_id, coalesce(a.resolved_at, a.opened_at) as since, r.severity, d.tags, (
        -- The device's transitions under the rule in the last hour, as far as a route asks.
        select count(*) + count(f.resolved_at) from (
          select o.resolved_at from public.alerts as o
          where o.rule_id = a.rule_id and o.device_id = a.device_id and o.opened_at > now() - interval '1 hour'
          order by o.opened_at desc limit most_flaps + 1) as f) as flaps,
      r.name as rule, d.slug as device, d.name as device_name, a.message, a.value, a.opened_at, a.resolved_at
    from unnest(plan_notifications.alerts) as a
    join public.alert_rules as r on r.id = a.rule_id
    join public.devices as d on d.id = a.device_id
  ), route as materialized (
    select s.severity, r.*
    from (select distinct a.severity from alert as a) as s
    cross join lateral access.route_times(plan_notifications.tenant, s.severity, happened, only_route) as r
  ), told as materialized (
    -- Whom an escalation told hears of the end. Alert by alert along the key, whatever the planner believes: `offset 0`.
    select a.alert_id, o.channel_id
    from alert as a
    cross join lateral (
      select n.* from public.notifications as n where n.tenant_id = plan_notifications.tenant and n.alert_id = a.alert_id offset 0
    ) as o
    where happened = 'resolved' and o.transition = 'escalated' and o.state <> 'cancelled'
  ), single as (
    -- Several routes to one channel tell it once: the earliest counts.
    select distinct on (r.channel_id, a.since, a.alert_id, a.n) a.alert_id, a.since, a.n, a.content, r.*
    from route as r
    cross join lateral (
      select a.alert_id, a.since, case r.transition when 'escalated' then r.after_minutes else plan_notifications.n end as n,
        jsonb_build_object('tenant', tenant_name, 'rule', a.rule, 'severity', a.severity, 'device', a.device, 'device_name', a.device_name,
          'message', a.message, 'value', a.value, 'opened_at', a.opened_at, 'resolved_at', a.resolved_at) as content
      from (
        select * from alert as a
        where a.severity = r.severity and (r.tags = '{}' or r.tags && a.tags)
          and (r.has_time or r.quiet_at is null and a.flaps <= r.digest_above)
          and (r.transition <> 'resolved' or r.after_minutes = 0 or (a.alert_id, r.channel_id) in (select t.alert_id, t.channel_id from told as t))
        -- One more says that a digest has to tell of others.
        order by a.since, a.alert_id limit r.room + 1
      ) as a
    ) as a
    order by r.channel_id, a.since, a.alert_id, a.n, r.due, r.route_id
  ), numbered as (
    select s.*, row_number() over (partition by s.channel_id order by s.since, s.alert_id, s.n) as place from single as s
  ), digest as (
    insert into public.notifications as o (tenant_id, channel_id, transition, since, due_at, expires_at)
    select plan_notifications.tenant, g.channel_id, 'digest', min(g.since), min(g.digest_at), min(g.digest_at) + interval '1 day'
    from (
      select r.channel_id, a.since, coalesce(r.quiet_at, r.flapping_at) as digest_at
      from route as r
      cross join lateral (
        select min(a.since) as since from alert as a
        where a.severity = r.severity and (r.tags = '{}' or r.tags && a.tags)
          and not r.has_time and (r.quiet_at is not null or a.flaps > r.digest_above)
          and (r.transition <> 'resolved' or r.after_minutes = 0 or (a.alert_id, r.channel_id) in (select t.alert_id, t.channel_id from told as t))
      ) as a
      where a.since is not null
      union all
      select s.channel_id, s.since, s.beyond_at from numbered as s where s.place > s.room
    ) as g
    group by g.channel_id
    -- All transactions lock digests in this order.
    order by g.channel_id
    on conflict (tenant_id, channel_id) where transition = 'digest' and content is null and state = 'waiting' do update
    set since = least(o.since, excluded.since), due_at = least(o.due_at, excluded.due_at)
    where excluded.since < o.since or excluded.due_at < o.due_at
  )
  insert into public.notifications as o (tenant_id, channel_id, alert_id, route_id, transition, n, content, due_at, expires_at)
  select plan_notifications.tenant, s.channel_id, s.alert_id, s.route_id, s.transition, s.n, s.content, s.due, s.due + interval '1 day'
  from numbered as s
  where s.place <= s.room
  -- Two escalations of an alert have the same repetition.
  on conflict (tenant_id, alert_id, channel_id, transition, n) do update set due_at = least(o.due_at, excluded.due_at)
  where o.state = 'waiting' and o.attempts = 0;
end
$$;

-- What a statement's transitions of alerts plan and cancel.
create or replace function access.notify_transitions() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  resolved public.alerts[];
  acknowledged public.alerts[];
  moved record;
begin
  if tg_op = 'INSERT' then
    for moved in
      select a.tenant_id, array_agg(row(a.*)::public.alerts) as alerts
      from after as a where a.resolved_at is null group by a.tenant_id order by a.tenant_id
    loop
      perform access.plan_notifications(moved.tenant_id, moved.alerts, 'opened');
    end loop;
    return null;
  end if;
  resolved := array(
    select row(a.*)::public.alerts from after as a
    where a.resolved_at is not null and a.id not in (select b.id from before as b where b.resolved_at is not null));
  acknowledged := array(
    select row(a.*)::public.alerts from after as a
    where a.acknowledged_at is not null and a.id not in (select b.id from before as b where b.acknowledged_at is not null));
  -- Mostly an alert was only seen again.
  if cardinality(resolved || acknowledged) = 0 then
    return null;
  end if;
  update public.notifications as n set state = 'cancelled', error = null, finished_at = now()
  -- Judged again when another transaction held the row: it may be under way by now.
  where n.state = 'waiting' and coalesce(n.leased_until, '-infinity') < clock_timestamp() and n.id = any (array(
    select w.id
    from unnest(resolved || acknowledged) as a
    -- Alert by alert along the key, whatever the planner believes: `offset 0`, and no state for an index of those that wait.
    cross join lateral (
      select w.* from public.notifications as w where w.tenant_id = a.tenant_id and w.alert_id = a.id offset 0
    ) as w
    where w.state = 'waiting' and w.transition in ('escalated', 'repeated')
      and (a.resolved_at is not null or not exists (
        select from public.notification_routes as r where r.tenant_id = w.tenant_id and r.id = w.route_id and r.until = 'resolved'))));
  for moved in
    select a.tenant_id, array_agg(a) as alerts from unnest(resolved) as a group by a.tenant_id order by a.tenant_id
  loop
    perform access.plan_notifications(moved.tenant_id, moved.alerts, 'resolved');
  end loop;
  return null;
end
$$;

-- As before, but for the alert that it hands on.
create or replace function ingest.finish_notification(notification uuid, lease uuid, problem text, final boolean) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  mine public.notifications;
  alert public.alerts;
  route public.notification_routes;
  pause interval;
begin
  select n.* into mine from public.notifications as n
  where n.id = notification and n.lease = finish_notification.lease and n.state = 'waiting' for update;
  if mine.id is null then
    return false;
  end if;
  if problem is null then
    update ingest.channel_states as s set failures = 0, retry_at = null
    where s.tenant_id = mine.tenant_id and s.channel_id = mine.channel_id and s.failures > 0;
    perform access.end_notification(mine.id, 'sent', null);
  elsif final or mine.expires_at <= clock_timestamp() then
    perform access.end_notification(mine.id, 'failed', left(problem, 500));
  else
    pause := make_interval(secs => least(5 * 2 ^ least(mine.attempts - 1, 12), 3600) * (0.8 + 0.4 * random()));
    update public.notifications as n
    set error = left(problem, 500), due_at = clock_timestamp() + pause, lease = null, leased_until = null where n.id = mine.id;
    update ingest.channel_states as s
    set failures = s.failures + 1, retry_at = clock_timestamp() + make_interval(secs => least(2 * 2 ^ least(s.failures, 12), 3600) * (0.8 + 0.4 * random()))
    where s.tenant_id = mine.tenant_id and s.channel_id = mine.channel_id;
    return true;
  end if;
  if mine.transition not in ('opened', 'escalated', 'repeated') then
    return true;
  end if;
  select a.* into alert from public.alerts as a where a.tenant_id = mine.tenant_id and a.id = mine.alert_id;
  select r.* into route from public.notification_routes as r where r.tenant_id = mine.tenant_id and r.id = mine.route_id;
  if route.enabled and route.repeat_minutes is not null and alert.resolved_at is null
    and (alert.acknowledged_at is null or route.until = 'resolved') then
    perform access.plan_notifications(alert.tenant_id, array[alert], 'repeated', route.id,
      case mine.transition when 'repeated' then mine.n + 1 else 1 end);
  end if;
  return true;
end
$$;

revoke all on function access.plan_notifications(uuid, public.alerts[], text, uuid, int) from public, anon, authenticated, service_role;
