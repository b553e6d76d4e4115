-- Bounds that a deleted channel must not reset: how often an address is asked for a confirmation, by how many tenants ever, who was refused,
-- and how many tests a tenant has sent. And digests that keep quiet hours, and cost one update however many transitions they gather.

-- Addresses that were asked. Kept for a day, and with a refusal permanently.
create table ingest.asked_addresses (
  -- See access.address_hash().
  address bytea primary key check (octet_length(address) = 32),
  day date not null,
  confirmations int not null,
  -- The tenants whose mails its reader refused.
  refused uuid[] not null default '{}'
);
-- Tests of a tenant within its last hour with any.
create table ingest.test_use (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  hour_from timestamptz not null default now(),
  tests int not null default 0
);
alter table ingest.asked_addresses enable row level security;
alter table ingest.asked_addresses force row level security;
alter table ingest.test_use enable row level security;
alter table ingest.test_use force row level security;
revoke all on ingest.asked_addresses, ingest.test_use from public, anon, authenticated, service_role;

create function access.address_hash(address text) returns bytea
language sql immutable set search_path = ''
return sha256(convert_to(lower(address), 'UTF8'));
revoke all on function access.address_hash(text) from public, anon, authenticated, service_role;

-- At most 5 confirmations an address and day, of all tenants, and 20 a tenant and day.
create or replace function access.ask_confirmation(tenant uuid, channel uuid) returns void
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  asked constant bytea := (select access.address_hash(c.destination) from public.notification_channels as c where c.id = channel);
begin
  insert into ingest.mail_use as u (tenant_id, day, mails, confirmations) values (tenant, current_date, 0, 1)
  on conflict (tenant_id) do update
  set day = current_date, mails = case u.day when current_date then u.mails else 0 end,
    confirmations = 1 + case u.day when current_date then u.confirmations else 0 end;
  if auth.uid() is not null and (select u.confirmations from ingest.mail_use as u where u.tenant_id = tenant) > 20 then
    raise exception 'this tenant has asked for 20 confirmations today, which is the limit'
      using errcode = 'insufficient_privilege', hint = 'Try again tomorrow.';
  end if;
  if exists (select from ingest.asked_addresses as a where a.address = asked and tenant = any (a.refused)) then
    raise exception 'the reader of this address has refused mails of this tenant'
      using errcode = 'invalid_parameter_value', hint = 'Use another address, or ask the platform''s operator.';
  end if;
  delete from ingest.asked_addresses as a where a.day < current_date and a.refused = '{}';
  insert into ingest.asked_addresses as a (address, day, confirmations) values (asked, current_date, 1)
  on conflict (address) do update
  set day = current_date, confirmations = 1 + case a.day when current_date then a.confirmations else 0 end;
  if auth.uid() is not null and (select a.confirmations from ingest.asked_addresses as a where a.address = asked) > 5 then
    raise exception 'this address has been asked for 5 confirmations today, which is the limit'
      using errcode = 'insufficient_privilege', hint = 'Look for the mail there, or try again tomorrow.';
  end if;
  insert into public.notifications (tenant_id, channel_id, transition, content)
  select t.id, channel, 'confirmation', jsonb_build_object('tenant', t.name) from public.tenants as t where t.id = tenant;
end
$$;

create or replace function public.answer_notification_channel(token text, wanted boolean) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  tenant uuid;
  mail_address text;
begin
  update public.notification_channels as c
  set confirmed_at = case when wanted then coalesce(c.confirmed_at, now()) end, refused_at = case when not wanted then now() end
  from ingest.channel_states as s
  where s.token_hash = sha256(convert_to(answer_notification_channel.token, 'UTF8'))
    and c.tenant_id = s.tenant_id and c.id = s.channel_id and wanted is not null
  returning c.tenant_id, c.destination into tenant, mail_address;
  if tenant is not null then
    -- The channel may be deleted, and added again.
    insert into ingest.asked_addresses as a (address, day, confirmations, refused)
    values (access.address_hash(mail_address), current_date, 0, case when wanted then '{}' else array[tenant] end)
    on conflict (address) do update
    set refused = array_remove(a.refused, tenant) || case when wanted then '{}' else array[tenant] end;
  end if;
  return (select t.name from public.tenants as t where t.id = tenant);
end
$$;

create or replace function public.send_test_notification(channel_id uuid) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_channel(send_test_notification.channel_id);
  made uuid;
begin
  perform from public.tenants as t where t.id = tenant for no key update;
  -- The outbox would forget those of a deleted channel.
  insert into ingest.test_use (tenant_id) values (tenant) on conflict do nothing;
  update ingest.test_use as u
  set hour_from = case when u.hour_from > now() - interval '1 hour' then u.hour_from else now() end,
    tests = 1 + case when u.hour_from > now() - interval '1 hour' then u.tests else 0 end
  where u.tenant_id = tenant;
  if (select u.tests from ingest.test_use as u where u.tenant_id = tenant) > 10 then
    raise exception 'this tenant has sent 10 tests within an hour, which is the limit'
      using errcode = 'insufficient_privilege', hint = 'Wait, and try again.';
  end if;
  if not exists (select from public.notification_channels as c
    where c.id = send_test_notification.channel_id and c.enabled and c.confirmed_at is not null) then
    raise exception 'this channel is switched off, or not confirmed'
      using errcode = 'invalid_parameter_value', hint = 'Switch it on, or open the link in the mail that was sent to it.';
  end if;
  insert into public.notifications as n (tenant_id, channel_id, transition, content)
  select t.id, send_test_notification.channel_id, 'test', jsonb_build_object('tenant', t.name) from public.tenants as t where t.id = tenant
  returning n.id into made;
  return made;
end
$$;

create or replace function access.plan_notification(
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
