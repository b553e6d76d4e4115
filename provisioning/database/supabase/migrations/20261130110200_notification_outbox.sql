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

-- Puts a transition into the outbox, or into the channel's digest: in quiet hours, for a device that flaps, and for a channel with
-- more in an hour than one reads.
create function access.plan_notification(
  alert public.alerts, severity text, route public.notification_routes, transition text, at timestamptz, n int default 0
) returns void
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  due timestamptz := at;
  planned constant boolean := transition in ('escalated', 'repeated');
  most constant bigint := access.limit_of(route.tenant_id, 'max_channel_hour');
  digest_at timestamptz;
begin
  if route.quiet_from is not null and not (severity = 'critical' and route.critical_passes) then
    due := access.after_quiet(at, route.quiet_from, route.quiet_until, route.time_zone);
  end if;
  -- An escalation or repetition has time: when it is due, the alert may be over.
  digest_at := case
    when due > at and not planned then due
    when not planned and (
      select count(*) + count(a.resolved_at) from (
        select a.resolved_at, a.last_seen_at from public.alerts as a
        where a.rule_id = alert.rule_id and a.device_id = alert.device_id
        order by a.opened_at desc limit route.digest_above + 1) as a
      where coalesce(a.resolved_at, a.last_seen_at) > now() - interval '1 hour') > route.digest_above
      then now() + interval '1 hour'
    when (
      select count(*) from (
        select from public.notifications as o
        where o.tenant_id = route.tenant_id and o.channel_id = route.channel_id and o.created_at > now() - interval '1 hour'
        limit most) as o) >= most
      then due + interval '5 minutes'
  end;
  if digest_at is not null then
    -- An hour, or five minutes, from now may be within the quiet hours.
    if route.quiet_from is not null and not (severity = 'critical' and route.critical_passes) then
      digest_at := access.after_quiet(digest_at, route.quiet_from, route.quiet_until, route.time_zone);
    end if;
    insert into public.notifications as o (tenant_id, channel_id, route_id, transition, since, due_at, expires_at)
    values (route.tenant_id, route.channel_id, route.id, 'digest', coalesce(alert.resolved_at, alert.opened_at), digest_at,
      digest_at + interval '1 day')
    on conflict (tenant_id, channel_id) where transition = 'digest' and content is null and state = 'waiting' do update
    set since = least(o.since, excluded.since), due_at = least(o.due_at, excluded.due_at)
    -- Many transitions of one transaction come here: each update would leave a version of the row for the next one to pass.
    where excluded.since < o.since or excluded.due_at < o.due_at;
    return;
  end if;
  insert into public.notifications as o (tenant_id, channel_id, alert_id, route_id, transition, n, content, due_at, expires_at)
  select route.tenant_id, route.channel_id, alert.id, route.id, plan_notification.transition, plan_notification.n, jsonb_build_object(
      'tenant', t.name, 'rule', r.name, 'severity', r.severity, 'device', d.slug, 'device_name', d.name, 'message', alert.message,
      'value', alert.value, 'opened_at', alert.opened_at, 'resolved_at', alert.resolved_at),
    due, due + interval '1 day'
  from public.alert_rules as r
  join public.tenants as t on t.id = r.tenant_id
  join public.devices as d on d.tenant_id = r.tenant_id and d.id = alert.device_id
  where r.id = alert.rule_id and r.tenant_id = route.tenant_id
  -- Several routes lead to one channel: the earliest counts.
  on conflict (tenant_id, alert_id, channel_id, transition, n) do update set due_at = least(o.due_at, excluded.due_at)
  where o.state = 'waiting' and o.attempts = 0;
end
$$;

-- What an alert's transition plans and cancels. Argument: opened, resolved or acknowledged.
create function access.notify_transition() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  happened constant text := tg_argv[0];
  rule_severity text;
  route public.notification_routes;
begin
  if happened <> 'opened' then
    update public.notifications as n set state = 'cancelled', error = null, finished_at = now()
    where n.tenant_id = new.tenant_id and n.alert_id = new.id and n.state = 'waiting' and n.transition in ('escalated', 'repeated')
      and coalesce(n.leased_until, '-infinity') < clock_timestamp()
      and (happened = 'resolved' or not exists (
        select from public.notification_routes as r where r.tenant_id = n.tenant_id and r.id = n.route_id and r.until = 'resolved'));
  end if;
  if happened = 'acknowledged' then
    return null;
  end if;
  for route in
    select r.* from public.notification_routes as r
    join public.notification_channels as c on c.tenant_id = r.tenant_id and c.id = r.channel_id
    where r.tenant_id = new.tenant_id and r.enabled and c.enabled and c.confirmed_at is not null
    order by r.after_minutes, r.id
  loop
    rule_severity := coalesce(rule_severity, (select r.severity from public.alert_rules as r where r.id = new.rule_id));
    if (rule_severity = any (route.severities)) is not true then
      continue;
    elsif happened = 'opened' then
      perform access.plan_notification(new, rule_severity, route, case when route.after_minutes = 0 then 'opened' else 'escalated' end,
        now() + make_interval(mins => route.after_minutes), route.after_minutes);
    elsif route.tells_resolved and (route.after_minutes = 0 or exists (
      select from public.notifications as n
      where n.tenant_id = new.tenant_id and n.alert_id = new.id and n.channel_id = route.channel_id and n.transition = 'escalated'
        and n.state <> 'cancelled')) then
      perform access.plan_notification(new, rule_severity, route, 'resolved', now());
    end if;
  end loop;
  return null;
end
$$;
create trigger notify_opened after insert on public.alerts for each row
  when (new.resolved_at is null) execute function access.notify_transition('opened');
create trigger notify_resolved after update of resolved_at on public.alerts for each row
  when (old.resolved_at is null and new.resolved_at is not null) execute function access.notify_transition('resolved');
create trigger notify_acknowledged after update of acknowledged_at on public.alerts for each row
  when (old.acknowledged_at is null and new.acknowledged_at is not null) execute function access.notify_transition('acknowledged');

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
    perform access.plan_notification(alert, mine.content ->> 'severity', route, 'repeated',
      now() + make_interval(mins => route.repeat_minutes), case mine.transition when 'repeated' then mine.n + 1 else 1 end);
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
  access.plan_notification(public.alerts, text, public.notification_routes, text, timestamptz, int), access.notify_transition(),
  access.digest_content(uuid, uuid, timestamptz), ingest.claim_notifications(int, int, int), access.spend_mail(uuid),
  access.end_notification(uuid, text, text), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  from public, anon, authenticated, service_role;
grant execute on function ingest.claim_notifications(int, int, int), ingest.finish_notification(uuid, uuid, text, boolean),
  ingest.publish_notification_sender(text, text, text), ingest.note_channel_token(uuid, bytea), ingest.prune_notifications(int),
  ingest.notification_figures()
  to mqtt_ingest;
