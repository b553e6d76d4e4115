-- From an alert's transition to its notifications: what is planned in the transaction of the transition, what the sending job takes
-- and brings back, and the end of both.

-- `at`, or the end of the quiet hours that it is in. A wall clock decides, whatever daylight saving does.
create function access.after_quiet(at timestamptz, quiet_from time, quiet_until time, time_zone text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  here constant timestamp := at at time zone time_zone;
  spans_midnight constant boolean := quiet_from > quiet_until;
begin
  if (case when spans_midnight then here::time >= quiet_from or here::time < quiet_until
      else here::time >= quiet_from and here::time < quiet_until end) is not true then
    return at;
  end if;
  return greatest(at,
    (here::date + case when spans_midnight and here::time >= quiet_from then 1 else 0 end + quiet_until) at time zone time_zone);
end
$$;

-- When the routes of a tenant tell of what happens to its alerts of a severity, and when the digest is due that may take its place.
-- @param happened opened, resolved or repeated. @param only_route null: all of them.
create function access.route_times(tenant uuid, severity text, happened text, only_route uuid) returns table (
  route_id uuid, channel_id uuid, transition text, after_minutes int, digest_above int, due timestamptz,
  -- An escalation or repetition has time: when it is due, the alert may be over. Only the bound of the channel gathers it.
  has_time boolean,
  -- Null: not in quiet hours.
  quiet_at timestamptz, flapping_at timestamptz, beyond_at timestamptz,
  -- How many more the channel may have in this hour.
  room bigint
)
language plpgsql stable security definer set search_path = '' rows 20
as $$
declare
  most constant bigint := access.limit_of(tenant, 'max_channel_hour');
  route public.notification_routes;
  at timestamptz;
  quiet_from time;
begin
  for route in
    select r.* from public.notification_routes as r
    join public.notification_channels as c on c.tenant_id = r.tenant_id and c.id = r.channel_id
    where r.tenant_id = tenant and r.id = coalesce(only_route, r.id) and severity = any (r.severities)
      and r.enabled and c.enabled and c.confirmed_at is not null and (happened <> 'resolved' or r.tells_resolved)
  loop
    route_id := route.id;
    channel_id := route.channel_id;
    after_minutes := route.after_minutes;
    digest_above := route.digest_above;
    transition := case when happened = 'opened' and route.after_minutes > 0 then 'escalated' else happened end;
    has_time := transition in ('escalated', 'repeated');
    at := now() + make_interval(mins =>
      case transition when 'escalated' then route.after_minutes when 'repeated' then route.repeat_minutes else 0 end);
    quiet_from := case when not (severity = 'critical' and route.critical_passes) then route.quiet_from end;
    due := access.after_quiet(at, quiet_from, route.quiet_until, route.time_zone);
    quiet_at := nullif(due, at);
    flapping_at := access.after_quiet(at + interval '1 hour', quiet_from, route.quiet_until, route.time_zone);
    beyond_at := access.after_quiet(due + interval '5 minutes', quiet_from, route.quiet_until, route.time_zone);
    room := most - (
      select count(*) from (
        select from public.notifications as n
        where n.tenant_id = tenant and n.channel_id = route.channel_id and n.created_at > now() - interval '1 hour'
        limit most) as n);
    return next;
  end loop;
end
$$;

-- Puts what happened to a tenant's alerts into the outbox, or into a channel's digest: in quiet hours, for a device that flaps, and for a
-- channel with more in an hour than one reads. One statement for all of them: a rule may open an alert for each device.
-- @param only_route, n of a repetition: its route, and which one it is.
create function access.plan_notifications(tenant uuid, alerts uuid[], happened text, only_route uuid default null, n int default 0)
returns void
language plpgsql security definer set search_path = ''
-- A plan for the few alerts of a session's first statements would be slow for many.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  most_flaps constant int := (
    select max(r.digest_above) from public.notification_routes as r where r.tenant_id = plan_notifications.tenant and r.enabled);
begin
  if most_flaps is null then
    return;
  end if;
  with alert as materialized (
    select a.id, coalesce(a.resolved_at, a.opened_at) as since, r.severity, (
        -- The device's transitions under the rule in the last hour, as far as a route asks.
        select count(*) + count(f.resolved_at) from (
          select o.resolved_at from public.alerts as o
          where o.rule_id = a.rule_id and o.device_id = a.device_id and o.opened_at > now() - interval '1 hour'
          order by o.opened_at desc limit most_flaps + 1) as f) as flaps
    from public.alerts as a
    join public.alert_rules as r on r.id = a.rule_id
    where a.id = any (plan_notifications.alerts)
  ), route as materialized (
    select s.severity, r.*
    from (select distinct a.severity from alert as a) as s
    cross join lateral access.route_times(plan_notifications.tenant, s.severity, happened, only_route) as r
  ), wanted as (
    select a.id as alert_id, a.since, r.*,
      case r.transition when 'escalated' then r.after_minutes else plan_notifications.n end as n,
      case when not r.has_time then coalesce(r.quiet_at, case when a.flaps > r.digest_above then r.flapping_at end) end as digest_at
    from alert as a
    join route as r on r.severity = a.severity
    -- Whom an escalation told hears of the end.
    where r.transition <> 'resolved' or r.after_minutes = 0 or exists (
      select from public.notifications as o
      where o.tenant_id = plan_notifications.tenant and o.alert_id = a.id and o.channel_id = r.channel_id and o.transition = 'escalated'
        and o.state <> 'cancelled')
  ), single as (
    -- Several routes to one channel tell it once: the earliest counts.
    select distinct on (w.channel_id, w.since, w.alert_id, w.n) w.*
    from wanted as w
    where w.digest_at is null
    order by w.channel_id, w.since, w.alert_id, w.n, w.due, w.route_id
  ), numbered as (
    select s.*, row_number() over (partition by s.channel_id order by s.since, s.alert_id, s.n) as place from single as s
  ), digest as (
    insert into public.notifications as o (tenant_id, channel_id, transition, since, due_at, expires_at)
    select plan_notifications.tenant, g.channel_id, 'digest', min(g.since), min(g.digest_at), min(g.digest_at) + interval '1 day'
    from (
      select w.channel_id, w.since, w.digest_at from wanted as w where w.digest_at is not null
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
  select plan_notifications.tenant, s.channel_id, s.alert_id, s.route_id, s.transition, s.n, t.content, s.due, s.due + interval '1 day'
  from numbered as s
  cross join lateral (
    select jsonb_build_object('tenant', t.name, 'rule', r.name, 'severity', r.severity, 'device', d.slug, 'device_name', d.name,
      'message', a.message, 'value', a.value, 'opened_at', a.opened_at, 'resolved_at', a.resolved_at) as content
    from public.alerts as a
    join public.alert_rules as r on r.id = a.rule_id
    join public.devices as d on d.id = a.device_id
    join public.tenants as t on t.id = a.tenant_id
    -- The limit makes it a look-up by key, whatever the planner takes the number of rows for.
    where a.id = s.alert_id limit 1
  ) as t
  where s.place <= s.room
  -- Two escalations of an alert have the same repetition.
  on conflict (tenant_id, alert_id, channel_id, transition, n) do update set due_at = least(o.due_at, excluded.due_at)
  where o.state = 'waiting' and o.attempts = 0;
end
$$;

-- What a statement's transitions of alerts plan and cancel.
create function access.notify_transitions() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  resolved uuid[];
  acknowledged uuid[];
  moved record;
begin
  if tg_op = 'INSERT' then
    for moved in
      select a.tenant_id, array_agg(a.id) as alerts from after as a where a.resolved_at is null group by a.tenant_id order by a.tenant_id
    loop
      perform access.plan_notifications(moved.tenant_id, moved.alerts, 'opened');
    end loop;
    return null;
  end if;
  resolved := array(
    select a.id from after as a where a.resolved_at is not null except select b.id from before as b where b.resolved_at is not null);
  acknowledged := array(
    select a.id from after as a where a.acknowledged_at is not null except select b.id from before as b where b.acknowledged_at is not null);
  -- Mostly an alert was only seen again.
  if resolved = '{}' and acknowledged = '{}' then
    return null;
  end if;
  update public.notifications as n set state = 'cancelled', error = null, finished_at = now()
  from public.alerts as a
  where a.id = any (resolved || acknowledged) and n.tenant_id = a.tenant_id and n.alert_id = a.id
    and n.state = 'waiting' and n.transition in ('escalated', 'repeated') and coalesce(n.leased_until, '-infinity') < clock_timestamp()
    and (a.resolved_at is not null or not exists (
      select from public.notification_routes as r where r.tenant_id = n.tenant_id and r.id = n.route_id and r.until = 'resolved'));
  for moved in
    select a.tenant_id, array_agg(a.id) as alerts from public.alerts as a where a.id = any (resolved) group by a.tenant_id order by a.tenant_id
  loop
    perform access.plan_notifications(moved.tenant_id, moved.alerts, 'resolved');
  end loop;
  return null;
end
$$;
create trigger notify_opened after insert on public.alerts referencing new table as after
  for each statement execute function access.notify_transitions();
create trigger notify_changed after update on public.alerts referencing old table as before new table as after
  for each statement execute function access.notify_transitions();

-- What a digest tells: how many alerts were opened and resolved since, how many are open now, and the newest 20. Of a tenant's newest
-- 10,000 alerts.
create function access.digest_content(tenant uuid, channel uuid, since timestamptz) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with told as (
    select a.*, r.name as rule, r.severity, d.slug as device
    from (select * from public.alerts as n where n.tenant_id = tenant order by n.opened_at desc limit 10000) as a
    join public.alert_rules as r on r.tenant_id = a.tenant_id and r.id = a.rule_id
    join public.devices as d on d.tenant_id = a.tenant_id and d.id = a.device_id
    where (a.opened_at >= since or a.resolved_at >= since or a.resolved_at is null)
      and r.severity in (
        select unnest(o.severities) from public.notification_routes as o
        where o.tenant_id = tenant and o.channel_id = channel and o.enabled)
  )
  select jsonb_build_object('tenant', (select t.name from public.tenants as t where t.id = tenant), 'since', since, 'until', now(),
    'opened', count(*) filter (where told.opened_at >= since), 'resolved', count(*) filter (where told.resolved_at >= since),
    'open', count(*) filter (where told.resolved_at is null),
    'unacknowledged', count(*) filter (where told.resolved_at is null and told.acknowledged_at is null),
    'newest', (select coalesce(jsonb_agg(x), '[]') from (
      select told.id as alert_id, told.rule, told.severity, told.device, told.message, told.opened_at, told.resolved_at
      from told where told.opened_at >= since or told.resolved_at >= since
      order by coalesce(told.resolved_at, told.opened_at) desc, told.id limit 20) as x))
  from told;
$$;

-- Takes due notifications for `lease_seconds`: at most `most`, of one tenant no more than `most_tenant` with those that are being sent, of
-- one channel no more than 4, of a channel that failed one after its pause. What a tenant has waiting costs the others nothing: first the
-- oldest of each tenant, then the second of each. The lease is for ingest.finish_notification.
create function ingest.claim_notifications(most int, most_tenant int, lease_seconds int)
returns table (
  id uuid, lease uuid, tenant_id uuid, channel_id uuid, alert_id uuid, kind text, destination text, sealed text, template jsonb,
  transition text, content jsonb, created_at timestamptz, attempts int
)
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  chosen uuid[];
  item record;
  told jsonb;
begin
  with recursive waiting as (
    (select n.tenant_id, n.channel_id from public.notifications as n where n.state = 'waiting' order by n.tenant_id, n.channel_id limit 1)
    union all
    select x.tenant_id, x.channel_id
    from waiting as w
    cross join lateral (
      select n.tenant_id, n.channel_id from public.notifications as n
      where n.state = 'waiting' and (n.tenant_id, n.channel_id) > (w.tenant_id, w.channel_id)
      order by n.tenant_id, n.channel_id limit 1
    ) as x
  ), candidate as (
    select w.tenant_id, n.id, n.due_at, row_number() over (partition by w.tenant_id order by n.due_at, n.id)
      + (select count(*) from public.notifications as l
         where l.tenant_id = w.tenant_id and l.state = 'waiting' and l.lease is not null and l.leased_until > clock_timestamp()) as turn
    from waiting as w
    join public.notification_channels as c on c.tenant_id = w.tenant_id and c.id = w.channel_id
    join ingest.channel_states as s on s.tenant_id = w.tenant_id and s.channel_id = w.channel_id
    cross join lateral (
      select count(*) as n from public.notifications as l
      where l.tenant_id = w.tenant_id and l.channel_id = w.channel_id and l.state = 'waiting' and l.lease is not null
        and l.leased_until > clock_timestamp()
    ) as busy
    cross join lateral (
      select n.id, n.due_at from public.notifications as n
      where n.tenant_id = w.tenant_id and n.channel_id = w.channel_id and n.state = 'waiting' and n.due_at <= clock_timestamp()
        and coalesce(n.leased_until, '-infinity') <= clock_timestamp()
        and (c.confirmed_at is not null or n.transition = 'confirmation')
        -- What is about alerts waits until an announced maintenance is over.
        and (n.transition in ('confirmation', 'test') or not (select access.in_maintenance()))
        -- Nobody hears of an end before the beginning.
        and not (n.transition = 'resolved' and exists (
          select from public.notifications as o
          where o.tenant_id = n.tenant_id and o.alert_id = n.alert_id and o.channel_id = n.channel_id and o.transition = 'opened'
            and o.state = 'waiting'))
      order by n.due_at
      limit greatest(case when s.failures > 0 then 1 else 4 end - busy.n, 0)
    ) as n
    where c.enabled and c.refused_at is null and coalesce(s.retry_at, '-infinity') <= clock_timestamp()
  )
  select array_agg(x.id) into chosen
  from (select k.id from candidate as k where k.turn <= most_tenant order by k.turn, k.due_at limit most) as x;

  for item in
    select n.*, c.kind, c.destination, c.template, s.sealed
    from public.notifications as n
    join public.notification_channels as c on c.tenant_id = n.tenant_id and c.id = n.channel_id
    join ingest.channel_states as s on s.tenant_id = n.tenant_id and s.channel_id = n.channel_id
    where n.id = any (chosen) and n.state = 'waiting' and coalesce(n.leased_until, '-infinity') <= clock_timestamp()
    order by n.due_at, n.id
    for update of n skip locked
  loop
    -- A notification is one mail, however often the mail server has to be asked.
    if item.kind = 'email' and item.attempts = 0 and not access.spend_mail(item.tenant_id) then
      perform access.end_notification(item.id, 'failed', 'The limit of mails of this tenant and day is reached.');
      continue;
    end if;
    told := coalesce(item.content, access.digest_content(item.tenant_id, item.channel_id, item.since));
    update public.notifications as n
    set lease = gen_random_uuid(), leased_until = clock_timestamp() + make_interval(secs => lease_seconds), attempts = n.attempts + 1,
      attempted_at = clock_timestamp(), content = told
    where n.id = item.id
    returning n.lease, n.attempts into claim_notifications.lease, claim_notifications.attempts;
    id := item.id;
    tenant_id := item.tenant_id;
    channel_id := item.channel_id;
    alert_id := item.alert_id;
    kind := item.kind;
    destination := item.destination;
    sealed := item.sealed;
    template := item.template;
    transition := item.transition;
    content := told;
    created_at := item.created_at;
    return next;
  end loop;
end
$$;

-- Takes a mail off what a tenant may send today; false when there is none left.
create function access.spend_mail(tenant uuid) returns boolean
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  insert into ingest.mail_use (tenant_id, day, mails, confirmations) values (tenant, current_date, 0, 0) on conflict do nothing;
  update ingest.mail_use as u
  set day = current_date, mails = 1 + case u.day when current_date then u.mails else 0 end,
    confirmations = case u.day when current_date then u.confirmations else 0 end
  where u.tenant_id = tenant
    and case u.day when current_date then u.mails else 0 end < access.limit_of(tenant, 'max_mails_day');
  return found;
end
$$;

-- Counters that do not go back when old notifications are removed.
create table ingest.notification_totals (
  id boolean primary key default true check (id),
  sent bigint not null default 0,
  failed bigint not null default 0
);
insert into ingest.notification_totals default values;
alter table ingest.notification_totals enable row level security;
alter table ingest.notification_totals force row level security;
revoke all on ingest.notification_totals from public, anon, authenticated, service_role;

create function access.end_notification(notification uuid, state text, error text) returns void
language sql security definer set search_path = ''
as $$
  update public.notifications as n
  set state = end_notification.state, error = end_notification.error, finished_at = clock_timestamp(), lease = null, leased_until = null
  where n.id = notification;
  update ingest.notification_totals as t
  set sent = t.sent + (end_notification.state = 'sent')::int, failed = t.failed + (end_notification.state = 'failed')::int;
$$;

-- What became of a notification that was taken. An attempt that failed is repeated later and later, for a day; the channel's others wait
-- too. False when the lease was not in force any more: another has taken it.
-- @param problem null: it was sent. @param final: no other attempt would help.
create function ingest.finish_notification(notification uuid, lease uuid, problem text, final boolean) returns boolean
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
    perform access.plan_notifications(alert.tenant_id, array[alert.id], 'repeated', route.id,
      case mine.transition when 'repeated' then mine.n + 1 else 1 end);
  end if;
  return true;
end
$$;

-- Says which key the sending job has, and from whom it sends mails (null: it cannot).
create function ingest.publish_notification_sender(key_id text, public_key text, mail_from text) returns void
language sql security definer set search_path = ''
as $$
  insert into access.notification_sender as s (key_id, public_key, mail_from)
  values (publish_notification_sender.key_id, publish_notification_sender.public_key, publish_notification_sender.mail_from)
  on conflict (id) do update
  set key_id = excluded.key_id, public_key = excluded.public_key, mail_from = excluded.mail_from, seen_at = clock_timestamp()
  where (s.key_id, s.mail_from) is distinct from (excluded.key_id, excluded.mail_from) or s.seen_at < clock_timestamp() - interval '10 minutes';
$$;

-- Notes the hash of the token that a channel's mails carry.
create function ingest.note_channel_token(channel uuid, token_hash bytea) returns void
language sql security definer set search_path = ''
as $$
  update ingest.channel_states as s set token_hash = note_channel_token.token_hash
  where s.channel_id = channel and s.token_hash is distinct from note_channel_token.token_hash;
$$;

-- Ends, at most `most` at a time, what was not sent within a day, and removes what ended 30 days ago, or is beyond a channel's newest
-- 2,000.
create function ingest.prune_notifications(most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  ended int;
  removed int;
begin
  with given_up as (
    update public.notifications as n
    set state = 'failed', finished_at = now(), lease = null, leased_until = null,
      error = left(concat_ws(' ', n.error, 'Given up: it could not be sent within a day.'), 500)
    where n.id in (
      select o.id from public.notifications as o
      where o.state = 'waiting' and o.expires_at <= now() and coalesce(o.leased_until, '-infinity') <= now()
      order by o.expires_at limit most for update skip locked)
    returning 1
  )
  update ingest.notification_totals as t set failed = t.failed + (select count(*) from given_up)
  where exists (select from given_up);
  delete from public.notifications where id in (
    select id from public.notifications where created_at < now() - interval '30 days' and state <> 'waiting' order by created_at limit most);
  get diagnostics removed = row_count;
  delete from public.notifications where id in (
    select n.id
    from public.notification_channels as c
    cross join lateral (
      select o.id, o.state from public.notifications as o where o.tenant_id = c.tenant_id and o.channel_id = c.id
      order by o.created_at desc offset 2000 limit most
    ) as n
    where n.state <> 'waiting' limit most);
  get diagnostics ended = row_count;
  return greatest(ended, removed);
end
$$;

-- For metrics. `waiting` are those that are due, `oldest_waiting_seconds` for how long the first of them has been.
create function ingest.notification_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('notifications_sent_total', t.sent, 'notifications_failed_total', t.failed, 'notifications_waiting', w.n,
    'notifications_oldest_waiting_seconds', w.seconds)
  from ingest.notification_totals as t
  cross join (
    select count(*) as n, coalesce(extract(epoch from clock_timestamp() - min(n.due_at)), 0)::float8 as seconds
    from (select n.due_at from public.notifications as n where n.state = 'waiting' and n.due_at <= clock_timestamp() limit 100000) as n
  ) as w;
$$;

revoke all on function access.after_quiet(timestamptz, time, time, text),
  access.route_times(uuid, text, text, uuid),
  access.plan_notifications(uuid, uuid[], text, uuid, int), access.notify_transitions(),
  access.digest_content(uuid, uuid, timestamptz), ingest.claim_notifications(int, int, int), access.spend_mail(uuid),
  access.end_notification(uuid, text, text), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  from public, anon, authenticated, service_role;
grant execute on function ingest.claim_notifications(int, int, int), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  to mqtt_ingest;
