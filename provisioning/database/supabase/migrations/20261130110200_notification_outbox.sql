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

-- Puts transitions of alerts into the outbox, or into a channel's digest: in quiet hours, for a device that flaps, and for a channel with
-- more in an hour than one reads. One statement for all of them: a rule may open an alert for each device of a tenant.
-- @param happened opened, resolved or repeated. @param repeated_route, severity, n of a repetition alone: its route, what the alert's severity
-- was when it was first told of, and which repetition it is.
create function access.plan_notifications(
  alerts public.alerts[], happened text, repeated_route uuid default null, severity text default null, n int default 0
) returns void
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  with route as materialized (
    -- When each route tells of an alert of a severity, and when the digest is due that takes its place: in quiet hours, for a device that
    -- flaps, and beyond the bound of an hour.
    select r.id, r.tenant_id, r.channel_id, r.after_minutes, r.digest_above, s.severity, d.due,
      access.after_quiet(d.due, q.quiet_from, r.quiet_until, r.time_zone) as quiet_at,
      access.after_quiet(now() + interval '1 hour', q.quiet_from, r.quiet_until, r.time_zone) as flapping_at,
      access.after_quiet(d.due + interval '5 minutes', q.quiet_from, r.quiet_until, r.time_zone) as beyond_at,
      -- An escalation or repetition has time: when it is due, the alert may be over.
      d.due > p.at and not p.has_time as is_quiet, p.has_time, p.transition,
      case happened when 'opened' then r.after_minutes else plan_notifications.n end as n
    from public.notification_routes as r
    join public.notification_channels as c on c.tenant_id = r.tenant_id and c.id = r.channel_id
    cross join lateral (
      select distinct unnest(case happened when 'repeated' then array[plan_notifications.severity] else r.severities end) as severity
    ) as s
    cross join lateral (
      select happened = 'repeated' or happened = 'opened' and r.after_minutes > 0 as has_time,
        case when happened = 'opened' and r.after_minutes > 0 then 'escalated' else happened end as transition,
        now() + make_interval(mins => case happened when 'opened' then r.after_minutes when 'repeated' then r.repeat_minutes else 0 end) as at
    ) as p
    cross join lateral (
      select case when not (s.severity = 'critical' and r.critical_passes) then r.quiet_from end as quiet_from
    ) as q
    cross join lateral (select access.after_quiet(p.at, q.quiet_from, r.quiet_until, r.time_zone) as due) as d
    where r.tenant_id in (select a.tenant_id from unnest(plan_notifications.alerts) as a)
      and case happened when 'repeated' then r.id = repeated_route
        else r.enabled and c.enabled and c.confirmed_at is not null and (happened = 'opened' or r.tells_resolved) end
  ), channel as materialized (
    select x.channel_id, m.most,
      (select count(*) from (
        select from public.notifications as o
        where o.tenant_id = x.tenant_id and o.channel_id = x.channel_id and o.created_at > now() - interval '1 hour'
        limit m.most) as o) as told,
      exists (
        select from public.notifications as o
        where o.tenant_id = x.tenant_id and o.channel_id = x.channel_id and o.transition = 'digest' and o.content is null
          and o.state = 'waiting') as has_digest
    from (select distinct r.tenant_id, r.channel_id from route as r) as x
    cross join lateral (select access.limit_of(x.tenant_id, 'max_channel_hour') as most) as m
  ), bound as materialized (
    select distinct r.tenant_id, r.digest_above from route as r where not r.has_time and not r.is_quiet
  ), alert as materialized (
    select a.id, a.tenant_id, coalesce(a.resolved_at, a.opened_at) as since, row_number() over () as place,
      coalesce(plan_notifications.severity, (select r.severity from public.alert_rules as r where r.id = a.rule_id)) as severity,
      -- Which bounds the device is beyond.
      array(
        select x.digest_above from bound as x
        where x.tenant_id = a.tenant_id and x.digest_above < (
          select count(*) + count(t.resolved_at) from (
            select t.resolved_at, t.last_seen_at from public.alerts as t
            where t.rule_id = a.rule_id and t.device_id = a.device_id
            order by t.opened_at desc limit x.digest_above + 1) as t
          where coalesce(t.resolved_at, t.last_seen_at) > now() - interval '1 hour')) as flaps_above
    from unnest(plan_notifications.alerts) as a
  ), wanted as (
    select a.id as alert_id, a.since, r.*, row_number() over (order by a.place, r.after_minutes, r.id) as turn,
      case when r.is_quiet then r.quiet_at when not r.has_time and r.digest_above = any (a.flaps_above) then r.flapping_at end as digest_at
    from alert as a
    join route as r using (tenant_id, severity)
    -- Whom an escalation told hears of the end.
    where happened <> 'resolved' or r.after_minutes = 0 or exists (
      select from public.notifications as o
      where o.tenant_id = a.tenant_id and o.alert_id = a.id and o.channel_id = r.channel_id and o.transition = 'escalated'
        and o.state <> 'cancelled')
  ), distinguished as (
    -- Several routes lead to one channel: it is told once, and has one digest.
    select w.*, row_number() over (
      partition by w.channel_id, w.digest_at is null, case when w.digest_at is null then w.alert_id end, w.n order by w.turn) = 1 as is_first
    from wanted as w
  ), bounded as (
    select d.id as route_id, d.tenant_id, d.channel_id, d.alert_id, d.transition, d.n, d.since, d.due, d.turn,
      coalesce(d.digest_at, case when c.told + coalesce(sum((d.is_first and (d.digest_at is null or not c.has_digest))::int) over (
        partition by d.channel_id order by d.turn rows between unbounded preceding and 1 preceding), 0) >= c.most
        then d.beyond_at end) as digest_at
    from distinguished as d
    join channel as c using (channel_id)
  ), digest as (
    insert into public.notifications as o (tenant_id, channel_id, route_id, transition, since, due_at, expires_at)
    select b.tenant_id, b.channel_id, (array_agg(b.route_id order by b.turn))[1], 'digest', min(b.since), min(b.digest_at),
      (array_agg(b.digest_at order by b.turn))[1] + interval '1 day'
    from bounded as b
    where b.digest_at is not null
    group by b.tenant_id, b.channel_id
    -- All transactions lock digests in this order.
    order by b.tenant_id, b.channel_id
    on conflict (tenant_id, channel_id) where transition = 'digest' and content is null and state = 'waiting' do update
    set since = least(o.since, excluded.since), due_at = least(o.due_at, excluded.due_at)
    where excluded.since < o.since or excluded.due_at < o.due_at
  ), single as (
    select b.tenant_id, b.channel_id, b.alert_id, b.transition, b.n, (array_agg(b.route_id order by b.turn))[1] as route_id,
      min(b.due) as due, (array_agg(b.due order by b.turn))[1] + interval '1 day' as expires_at
    from bounded as b
    where b.digest_at is null
    group by b.tenant_id, b.channel_id, b.alert_id, b.transition, b.n
  )
  insert into public.notifications as o (tenant_id, channel_id, alert_id, route_id, transition, n, content, due_at, expires_at)
  select s.tenant_id, s.channel_id, s.alert_id, s.route_id, s.transition, s.n, jsonb_build_object(
      'tenant', t.name, 'rule', r.name, 'severity', r.severity, 'device', d.slug, 'device_name', d.name, 'message', a.message,
      'value', a.value, 'opened_at', a.opened_at, 'resolved_at', a.resolved_at),
    s.due, s.expires_at
  from single as s
  cross join lateral (select a.* from public.alerts as a where a.id = s.alert_id limit 1) as a
  join public.tenants as t on t.id = s.tenant_id
  join public.alert_rules as r on r.tenant_id = s.tenant_id and r.id = a.rule_id
  join public.devices as d on d.tenant_id = s.tenant_id and d.id = a.device_id
  on conflict (tenant_id, alert_id, channel_id, transition, n) do update set due_at = least(o.due_at, excluded.due_at)
  where o.state = 'waiting' and o.attempts = 0;
end
$$;

-- What a statement's transitions of alerts plan and cancel.
create function access.notify_transitions() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
  opened public.alerts[];
  resolved public.alerts[];
  acknowledged public.alerts[];
begin
  if tg_op = 'INSERT' then
    opened := (select array_agg(row(a.*)::public.alerts) from after as a where a.resolved_at is null);
    if opened is not null then
      perform access.plan_notifications(opened, 'opened');
    end if;
    return null;
  end if;
  -- A list of ids is hashed. The plan of a join would be the one for as many rows as the session's first statement had.
  resolved := (
    select array_agg(row(a.*)::public.alerts) from after as a
    where a.resolved_at is not null and (a.id in (select b.id from before as b where b.resolved_at is null)) is true);
  acknowledged := (
    select array_agg(row(a.*)::public.alerts) from after as a
    where a.acknowledged_at is not null and (a.id in (select b.id from before as b where b.acknowledged_at is null)) is true);
  update public.notifications as n set state = 'cancelled', error = null, finished_at = now()
  from (
    select r.tenant_id, r.id, true as is_over from unnest(resolved) as r
    union all
    select k.tenant_id, k.id, false from unnest(acknowledged) as k
  ) as a
  where n.tenant_id = a.tenant_id and n.alert_id = a.id and n.state = 'waiting' and n.transition in ('escalated', 'repeated')
    and coalesce(n.leased_until, '-infinity') < clock_timestamp()
    and (a.is_over or not exists (
      select from public.notification_routes as r where r.tenant_id = n.tenant_id and r.id = n.route_id and r.until = 'resolved'));
  if resolved is not null then
    perform access.plan_notifications(resolved, 'resolved');
  end if;
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
      and r.severity in (select unnest(o.severities) from public.notification_routes as o where o.tenant_id = tenant and o.channel_id = channel)
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
    if item.kind = 'email' and not access.spend_mail(item.tenant_id) then
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
    perform access.plan_notifications(array[alert], 'repeated', route.id, mine.content ->> 'severity',
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
  access.plan_notifications(public.alerts[], text, uuid, text, int), access.notify_transitions(),
  access.digest_content(uuid, uuid, timestamptz), ingest.claim_notifications(int, int, int), access.spend_mail(uuid),
  access.end_notification(uuid, text, text), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  from public, anon, authenticated, service_role;
grant execute on function ingest.claim_notifications(int, int, int), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  to mqtt_ingest;
