-- Whom a tenant tells of its alerts: channels, and routes to them. A channel's secrets (a URL with its token, keys, a group's id) are sealed
-- where they are entered, for a key that only the sending job has, and stand in a table that nobody else reads. Confirmation proves
-- that a mail address wants these mails.

-- squawk-ignore constraint-missing-not-valid, disallowed-unique-constraint
alter table public.alerts add constraint alerts_tenant_id_key unique (tenant_id, id);
-- Counts a device's transitions under a rule.
create index alerts_rule_device on public.alerts (rule_id, device_id, opened_at desc);

alter table access.platform_limits
  add column max_channels int not null default 10 check (max_channels >= 0),
  add column max_routes int not null default 20 check (max_routes >= 0),
  -- In a day of UTC.
  add column max_mails_day int not null default 200 check (max_mails_day >= 0),
  -- Beyond it, what happens goes into a digest.
  add column max_channel_hour int not null default 60 check (max_channel_hour >= 0);
alter table public.tenant_limits
  add column max_channels int check (max_channels >= 0),
  add column max_routes int check (max_routes >= 0),
  add column max_mails_day int check (max_mails_day >= 0),
  add column max_channel_hour int check (max_channel_hour >= 0);
-- squawk-ignore ban-drop-constraint
alter table access.temporary_limits drop constraint temporary_limits_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table access.temporary_limits add constraint temporary_limits_name_check check (name in (
  'max_devices', 'max_rules', 'max_window_minutes', 'max_members', 'max_invitations', 'max_commands', 'max_command_bytes',
  'max_device_commands', 'max_device_command_bytes', 'max_dead_letters', 'max_dead_letter_bytes', 'readings_per_minute',
  'readings_per_day', 'bytes_per_day', 'max_channels', 'max_routes', 'max_mails_day', 'max_channel_hour'));

create table public.notification_channels (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null check (access.is_display_name(name)),
  kind text not null check (kind in ('email', 'webhook', 'chat')),
  -- What may be shown: the mail address, or the host of the URL.
  destination text not null check (length(destination) between 3 and 254),
  -- Of "chat": the JSON that is sent. {{text}}, {{group}} and {{id}} in its strings are replaced.
  template jsonb check (jsonb_typeof(template) = 'object' and octet_length(template::text) <= 4096),
  enabled boolean not null default true,
  -- Null: only a confirmation is sent there.
  confirmed_at timestamptz,
  -- The reader of the address wants nothing more.
  refused_at timestamptz,
  -- When its secrets were last entered. It lets the audit log show that they were changed.
  sealed_at timestamptz,
  created_at timestamptz not null default now(),
  check ((kind = 'chat') = (template is not null)),
  unique (tenant_id, id)
);

-- What only the sending job reads, and how the channel does.
create table ingest.channel_states (
  tenant_id uuid not null,
  channel_id uuid not null,
  -- `<id of the key>.<base64url>`; a mail address has none.
  sealed text check (length(sealed) <= 8192),
  -- Of the token in the mails, by which their reader confirms or refuses.
  token_hash bytea check (octet_length(token_hash) = 32),
  -- Failures in a row, and when it is tried again.
  failures int not null default 0,
  retry_at timestamptz,
  primary key (tenant_id, channel_id),
  foreign key (tenant_id, channel_id) references public.notification_channels (tenant_id, id) on delete cascade
);
create unique index channel_states_token on ingest.channel_states (token_hash);

create table public.notification_routes (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  channel_id uuid not null,
  severities text[] not null check (severities <@ '{info,warning,critical}' and cardinality(severities) between 1 and 3),
  -- Only what a device with one of these tags does; none: every device. The functions of tags come in the migration of devices' tags.
  tags text[] not null default '{}' check (cardinality(tags) <= 16),
  -- 0: as soon as it happens. Otherwise an escalation: when the alert has been open, and perhaps unacknowledged, for so long.
  after_minutes int not null default 0 check (after_minutes between 0 and 10080),
  -- Null: once.
  repeat_minutes int check (repeat_minutes between 5 and 10080),
  -- What ends escalation and repetition.
  until text not null default 'acknowledged' check (until in ('acknowledged', 'resolved')),
  tells_resolved boolean not null default true,
  -- Quiet hours, in the time of `time_zone`; from 22:00 until 07:00 spans midnight.
  quiet_from time,
  quiet_until time,
  time_zone text not null default 'UTC',
  critical_passes boolean not null default true,
  -- A device that is beyond this number of transitions under a rule in an hour is told of in a digest.
  digest_above int not null default 6 check (digest_above between 1 and 1000),
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  check (num_nulls(quiet_from, quiet_until) in (0, 2) and quiet_from is distinct from quiet_until or num_nulls(quiet_from, quiet_until) = 2),
  foreign key (tenant_id, channel_id) references public.notification_channels (tenant_id, id) on delete cascade
);
create index notification_routes_channel on public.notification_routes (tenant_id, channel_id);

-- The outbox, and what became of it: one row for each transition of an alert and channel. Its id is the key by which a receiver
-- recognises a repeat.
create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  channel_id uuid not null,
  -- Null: a digest, a test or a confirmation.
  alert_id uuid,
  -- The route that asked for it; it may be gone. A digest is asked for by all routes to its channel.
  route_id uuid,
  transition text not null
    check (transition in ('opened', 'resolved', 'escalated', 'repeated', 'digest', 'test', 'confirmation')),
  -- Which repetition, or after how many minutes the escalation came.
  n int not null default 0,
  -- What is told, as it was then. Of a digest: null until it is first sent.
  content jsonb,
  -- Of a digest: what happened from then on.
  since timestamptz,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed', 'cancelled')),
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  -- It is given up then.
  expires_at timestamptz not null default now() + interval '1 day',
  attempts int not null default 0,
  attempted_at timestamptz,
  finished_at timestamptz,
  -- Why the last attempt failed, in words for people of the tenant.
  error text check (length(error) <= 500),
  -- Who sends it now, and until when nobody else does.
  lease uuid,
  leased_until timestamptz,
  check (content is not null or transition = 'digest'),
  unique (tenant_id, alert_id, channel_id, transition, n),
  foreign key (tenant_id, channel_id) references public.notification_channels (tenant_id, id) on delete cascade,
  foreign key (tenant_id, alert_id) references public.alerts (tenant_id, id) on delete cascade
) with (fillfactor = 70); -- Each row is updated twice.
create index notifications_channel on public.notifications (tenant_id, channel_id, created_at desc);
create index notifications_waiting on public.notifications (tenant_id, channel_id, due_at) where state = 'waiting';
create index notifications_leased on public.notifications (tenant_id, channel_id) where state = 'waiting' and lease is not null;
create index notifications_expiring on public.notifications (expires_at) where state = 'waiting';
create index notifications_created on public.notifications (created_at);
-- A channel collects into one digest at a time.
create unique index notifications_one_digest on public.notifications (tenant_id, channel_id)
  where transition = 'digest' and content is null and state = 'waiting';

-- Mails of a tenant on its last day with any. This table and the next two bound what the outbox would forget with a deleted channel.
create table ingest.mail_use (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  day date not null,
  mails int not null,
  confirmations int not null
);

-- How often an address was asked for a confirmation on its last day. Kept for a day, and with a refusal permanently.
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

-- What the sending job says of itself: the public key to seal for, and the sender of mails (null: there is no mail).
create table access.notification_sender (
  id boolean primary key default true check (id),
  key_id text not null check (key_id ~ '^[0-9a-f]{16}$'),
  public_key text not null check (public_key ~ '^[A-Za-z0-9_-]{87}$'),
  mail_from text,
  seen_at timestamptz not null default now()
);

alter table public.notification_channels enable row level security;
alter table public.notification_channels force row level security;
alter table public.notification_routes enable row level security;
alter table public.notification_routes force row level security;
alter table public.notifications enable row level security;
alter table public.notifications force row level security;
alter table ingest.channel_states enable row level security;
alter table ingest.channel_states force row level security;
alter table ingest.mail_use enable row level security;
alter table ingest.mail_use force row level security;
alter table ingest.asked_addresses enable row level security;
alter table ingest.asked_addresses force row level security;
alter table ingest.test_use enable row level security;
alter table ingest.test_use force row level security;
alter table access.notification_sender enable row level security;
alter table access.notification_sender force row level security;
revoke all on public.notification_channels, public.notification_routes, public.notifications, ingest.channel_states, ingest.mail_use,
  ingest.asked_addresses, ingest.test_use, access.notification_sender
  from public, anon, authenticated, service_role;
grant select on public.notification_channels, public.notification_routes to authenticated, service_role;
grant select (id, tenant_id, channel_id, alert_id, route_id, transition, n, content, state, created_at, due_at, expires_at, attempts,
  attempted_at, finished_at, error) on public.notifications to authenticated;
grant select on public.notifications to service_role;
create policy members_select on public.notifications for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.notifications for select to service_role using (true);
create policy members_select on public.notification_channels for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.notification_routes for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.notification_channels for select to service_role using (true);
create policy service_role_select on public.notification_routes for select to service_role using (true);

create trigger limit_rows after insert on public.notification_channels
  for each row execute function access.limit_rows('max_channels', 'notification channels');
create trigger limit_rows after insert on public.notification_routes
  for each row execute function access.limit_rows('max_routes', 'notification routes');
create trigger audit after insert or update or delete on public.notification_channels
  for each row execute function access.audit('notification_channel', 'name');
create trigger audit after insert or update or delete on public.notification_routes
  for each row execute function access.audit('notification_route', 'id');

-- The tenant of a channel that the signed-in person may change.
create function access.staffed_channel(channel_id uuid) returns uuid
language plpgsql stable security definer set search_path = ''
as $$
declare
  tenant constant uuid := (select c.tenant_id from public.notification_channels as c where c.id = staffed_channel.channel_id);
begin
  perform access.require_role(tenant, '{owner,staff}', 'notification channel');
  return tenant;
end
$$;

-- The key to seal a channel's secrets for, and the sender of mails; no row before the sending job ran once.
create function public.notification_sender() returns table (key_id text, public_key text, mail_from text, seen_at timestamptz)
language sql stable security definer set search_path = ''
as $$
  select s.key_id, s.public_key, s.mail_from, s.seen_at from access.notification_sender as s where auth.uid() is not null;
$$;

create function access.check_sealed(sealed text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if (check_sealed.sealed ~ '^[0-9a-f]{16}\.[A-Za-z0-9_-]+$' and length(check_sealed.sealed) between 117 and 8192) is not true then
    raise exception 'the channel''s secrets are not sealed'
      using errcode = 'invalid_parameter_value', hint = 'Enter its settings on the dashboard, which seals them.';
  elsif not exists (select from access.notification_sender as s where starts_with(check_sealed.sealed, s.key_id || '.')) then
    raise exception 'the channel''s secrets are sealed for a key that is not in use'
      using errcode = 'invalid_parameter_value', hint = 'Reload the page and enter them again.';
  end if;
end
$$;

-- Adds a channel and returns its id. A mail address is sent a confirmation.
-- @param destination the mail address, or the host of the sealed URL.
-- @param sealed the secrets of a webhook or chat channel; see docs/notifications.md.
create function public.add_notification_channel(
  tenant_id uuid, name text, kind text, destination text, sealed text default null, template jsonb default null
) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  target constant text := lower(destination);
  made uuid;
begin
  perform access.require_role(add_notification_channel.tenant_id, '{owner,staff}');
  perform access.check_name(add_notification_channel.name);
  if add_notification_channel.kind = 'email' then
    if (add_notification_channel.destination ~
      '^[A-Za-z0-9._%+=~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$' and length(target) <= 254) is not true then
      raise exception 'this is not a mail address'
        using errcode = 'invalid_parameter_value', hint = 'Use an address such as name@example.com.';
    elsif num_nonnulls(add_notification_channel.sealed, add_notification_channel.template) > 0 then
      raise exception 'a mail channel has neither secrets nor a template' using errcode = 'invalid_parameter_value';
    elsif exists (select from public.notification_channels as c
      where c.tenant_id = add_notification_channel.tenant_id and c.kind = 'email' and lower(c.destination) = target) then
      raise exception 'there is a channel to this address' using errcode = 'invalid_parameter_value', hint = 'Use that one.';
    end if;
  elsif add_notification_channel.kind in ('webhook', 'chat') then
    perform access.check_host(target);
    perform access.check_sealed(add_notification_channel.sealed);
    if (add_notification_channel.kind = 'chat') <> coalesce(jsonb_typeof(template) = 'object' and octet_length(template::text) <= 4096, false) then
      raise exception 'the template is missing, or not allowed'
        using errcode = 'invalid_parameter_value', hint = 'A chat channel has a template, a JSON object of at most 4 KiB; a webhook has none.';
    end if;
  else
    raise exception 'there is no such kind of channel' using errcode = 'invalid_parameter_value', hint = 'Use email, webhook or chat.';
  end if;
  insert into public.notification_channels as c (tenant_id, name, kind, destination, template, confirmed_at, sealed_at)
  values (add_notification_channel.tenant_id, add_notification_channel.name, add_notification_channel.kind,
    case add_notification_channel.kind when 'email' then add_notification_channel.destination else target end,
    add_notification_channel.template, case when add_notification_channel.kind <> 'email' then now() end,
    case when add_notification_channel.sealed is not null then now() end)
  returning c.id into made;
  insert into ingest.channel_states (tenant_id, channel_id, sealed)
  values (add_notification_channel.tenant_id, made, add_notification_channel.sealed);
  if add_notification_channel.kind = 'email' then
    perform access.ask_confirmation(add_notification_channel.tenant_id, made);
  end if;
  return made;
end
$$;

create function access.check_host(host text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (check_host.host ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?$' and length(check_host.host) <= 254) is not true then
    raise exception 'this is not a host' using errcode = 'invalid_parameter_value', hint = 'Use the host of the URL, such as hooks.example.com.';
  end if;
end
$$;

-- Changes what is given; null leaves it. Secrets and host come together.
create function public.change_notification_channel(
  channel_id uuid, name text default null, enabled boolean default null, destination text default null, sealed text default null,
  template jsonb default null
) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_channel(change_notification_channel.channel_id);
  kind constant text := (select c.kind from public.notification_channels as c where c.id = change_notification_channel.channel_id);
begin
  if change_notification_channel.name is not null then
    perform access.check_name(change_notification_channel.name);
  end if;
  if num_nonnulls(change_notification_channel.destination, change_notification_channel.sealed) > 0 then
    if kind = 'email' then
      raise exception 'a channel''s mail address cannot be changed'
        using errcode = 'invalid_parameter_value', hint = 'Add another channel, and delete this one.';
    end if;
    perform access.check_host(lower(change_notification_channel.destination));
    perform access.check_sealed(change_notification_channel.sealed);
  end if;
  if template is not null and (kind = 'chat' and jsonb_typeof(template) = 'object' and octet_length(template::text) <= 4096) is not true then
    raise exception 'the template is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'A chat channel has a template: a JSON object of at most 4 KiB.';
  end if;
  update public.notification_channels as c
  set name = coalesce(change_notification_channel.name, c.name), enabled = coalesce(change_notification_channel.enabled, c.enabled),
    destination = coalesce(lower(change_notification_channel.destination), c.destination),
    template = coalesce(change_notification_channel.template, c.template),
    sealed_at = case when change_notification_channel.sealed is null then c.sealed_at else now() end
  where c.id = change_notification_channel.channel_id;
  -- What was changed may be what was wrong.
  update ingest.channel_states as s
  set sealed = coalesce(change_notification_channel.sealed, s.sealed), failures = 0, retry_at = null
  where s.tenant_id = tenant and s.channel_id = change_notification_channel.channel_id;
  if not enabled then
    update public.notifications as n set state = 'cancelled', error = 'The channel was switched off.', finished_at = now()
    where n.tenant_id = tenant and n.channel_id = change_notification_channel.channel_id and n.state = 'waiting';
  end if;
end
$$;

-- Deletes a channel with its routes and all that was, or is to be, sent to it.
create function public.delete_notification_channel(channel_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.staffed_channel(delete_notification_channel.channel_id);
  delete from public.notification_channels as c where c.id = delete_notification_channel.channel_id;
end
$$;

create function access.address_hash(address text) returns bytea
language sql immutable set search_path = ''
return sha256(convert_to(lower(address), 'UTF8'));

-- Puts a mail that asks for confirmation into the outbox: 20 a tenant and day, and 5 an address and day, of all tenants together.
create function access.ask_confirmation(tenant uuid, channel uuid) returns void
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
  -- The slug, not the name: a stranger must not be sent what a tenant writes.
  insert into public.notifications (tenant_id, channel_id, transition, content)
  select t.id, channel, 'confirmation', jsonb_build_object('tenant', t.slug) from public.tenants as t where t.id = tenant;
end
$$;

-- Sends the confirmation of a mail channel again.
create function public.send_confirmation_again(channel_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_channel(send_confirmation_again.channel_id);
begin
  if not exists (select from public.notification_channels as c where c.id = send_confirmation_again.channel_id
    and c.kind = 'email' and c.confirmed_at is null and c.refused_at is null) then
    raise exception 'this channel waits for no confirmation'
      using errcode = 'invalid_parameter_value', hint = 'It is confirmed, or the reader of its mails refused them.';
  end if;
  perform access.ask_confirmation(tenant, send_confirmation_again.channel_id);
end
$$;

-- The answer of the reader of a mail with the token: they want the mails, or no more of them. Returns the tenant's name; null for a token
-- that is not valid. Needs no account.
create function public.answer_notification_channel(token text, wanted boolean) returns text
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

-- Adds a route, or changes the one with this id as a whole; returns its id.
create function public.set_notification_route(
  channel_id uuid, severities text[], route_id uuid default null, after_minutes int default 0, repeat_minutes int default null,
  until text default 'acknowledged', tells_resolved boolean default true, quiet_from time default null, quiet_until time default null,
  time_zone text default 'UTC', critical_passes boolean default true, digest_above int default 6, enabled boolean default true,
  tags text[] default '{}'
) returns uuid
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  tenant constant uuid := access.staffed_channel(set_notification_route.channel_id);
  wanted_tags constant text[] := access.normal_tags(set_notification_route.tags);
  made uuid;
begin
  perform access.check_tags(wanted_tags);
  begin
    if set_notification_route.time_zone !~ '^([A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}|UTC)$' then
      raise invalid_parameter_value;
    end if;
    perform now() at time zone set_notification_route.time_zone;
  exception when invalid_parameter_value then
    raise exception 'there is no such time zone'
      using errcode = 'invalid_parameter_value', hint = 'Use a name such as Europe/Berlin, or UTC.';
  end;
  begin
    if set_notification_route.route_id is null then
      insert into public.notification_routes as r (tenant_id, channel_id, severities, tags, after_minutes, repeat_minutes, until, tells_resolved,
        quiet_from, quiet_until, time_zone, critical_passes, digest_above, enabled)
      values (tenant, set_notification_route.channel_id, set_notification_route.severities, wanted_tags,
        set_notification_route.after_minutes, set_notification_route.repeat_minutes, set_notification_route.until, set_notification_route.tells_resolved,
        set_notification_route.quiet_from, set_notification_route.quiet_until, set_notification_route.time_zone,
        set_notification_route.critical_passes, set_notification_route.digest_above, set_notification_route.enabled)
      returning r.id into made;
      return made;
    end if;
    update public.notification_routes as r
    set channel_id = set_notification_route.channel_id, severities = set_notification_route.severities, tags = wanted_tags,
      after_minutes = set_notification_route.after_minutes, repeat_minutes = set_notification_route.repeat_minutes,
      until = set_notification_route.until, tells_resolved = set_notification_route.tells_resolved,
      quiet_from = set_notification_route.quiet_from, quiet_until = set_notification_route.quiet_until,
      time_zone = set_notification_route.time_zone, critical_passes = set_notification_route.critical_passes,
      digest_above = set_notification_route.digest_above, enabled = set_notification_route.enabled
    where r.id = set_notification_route.route_id and r.tenant_id = tenant
    returning r.id into made;
  exception when check_violation or not_null_violation then
    raise exception 'this route is not allowed'
      using errcode = 'invalid_parameter_value',
        hint = 'severities: some of info, warning, critical; after_minutes: 0 to 10080; repeat_minutes: 5 to 10080, or none; until: '
          'acknowledged or resolved; digest_above: 1 to 1000; quiet_from and quiet_until: both, and not the same, or none.';
  end;
  if made is null then
    raise exception 'there is no such notification route' using errcode = 'no_data_found';
  end if;
  if not set_notification_route.enabled then
    perform access.cancel_route(tenant, made);
  end if;
  return made;
end
$$;

create function public.delete_notification_route(route_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := (select r.tenant_id from public.notification_routes as r where r.id = delete_notification_route.route_id);
begin
  perform access.require_role(tenant, '{owner,staff}', 'notification route');
  delete from public.notification_routes as r where r.id = delete_notification_route.route_id;
  perform access.cancel_route(tenant, delete_notification_route.route_id);
end
$$;

-- What the route had planned and not begun to send; and the digest of a channel that no route is left to.
create function access.cancel_route(tenant uuid, route uuid) returns void
language sql security definer set search_path = ''
as $$
  update public.notifications as n set state = 'cancelled', error = 'The route was switched off or deleted.', finished_at = now()
  where n.tenant_id = tenant and n.state = 'waiting' and n.attempts = 0 and (n.route_id = route
    or n.transition = 'digest' and not exists (
      select from public.notification_routes as r where r.tenant_id = tenant and r.channel_id = n.channel_id and r.enabled));
$$;

-- A route that is moved to another channel takes the waiting digest of its former one along, unless another route still leads there: a
-- digest counts what the routes to its channel take, so the former channel's would count nothing.
create function access.move_digest() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  digest public.notifications;
begin
  update public.notifications as n
  set state = 'cancelled', error = 'Its route was moved to another channel.', finished_at = now()
  where n.tenant_id = old.tenant_id and n.channel_id = old.channel_id and n.transition = 'digest' and n.state = 'waiting' and n.attempts = 0
    and not exists (
      select from public.notification_routes as r where r.tenant_id = old.tenant_id and r.channel_id = old.channel_id and r.enabled)
  returning n.* into digest;
  if digest.id is not null and new.enabled then
    insert into public.notifications as o (tenant_id, channel_id, transition, since, due_at, expires_at)
    values (new.tenant_id, new.channel_id, 'digest', digest.since, digest.due_at, digest.expires_at)
    on conflict (tenant_id, channel_id) where transition = 'digest' and content is null and state = 'waiting' do update
    set since = least(o.since, excluded.since), due_at = least(o.due_at, excluded.due_at);
  end if;
  return null;
end
$$;
create trigger move_digest after update of channel_id on public.notification_routes for each row
  when (old.channel_id <> new.channel_id) execute function access.move_digest();

-- Puts a test message into the outbox, and returns its id there. 10 a tenant and hour.
create function public.send_test_notification(channel_id uuid) returns uuid
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

-- A tenant's limits in force: `most` (null: no bound), what counts against it (null: it bounds a single thing), and until when a temporary
-- one holds. Readings are those stored today, in UTC, and in the last whole minute. Bytes are known of a tenant with a rate or quota only.
-- For the operator; limits_in_use asks who is calling.
create or replace function access.limits_of(tenant uuid) returns table (name text, most bigint, used bigint, until timestamptz)
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  with waiting as (
    select count(*) as n, coalesce(sum(c.bytes), 0)::bigint as bytes from public.device_commands as c
    where c.tenant_id = tenant and c.sent_at is null and c.error is null and c.expires_at > now()
  ), letters as (
    select max(u.letters) as n, max(u.bytes) as bytes from ingest.dead_letter_use as u where u.tenant_id = tenant
  ), used (name, used) as (
    values
      ('max_devices', (select count(*) from public.devices as d where d.tenant_id = tenant)),
      ('max_rules', (select count(*) from public.alert_rules as r where r.tenant_id = tenant)),
      ('max_window_minutes', null),
      ('max_members', (select count(*) from public.memberships as m where m.tenant_id = tenant)),
      ('max_invitations', (select count(*) from public.invitations as i
        where i.tenant_id = tenant and i.accepted_at is null and i.revoked_at is null and i.expires_at > now())),
      ('max_commands', (select w.n from waiting as w)),
      ('max_command_bytes', (select w.bytes from waiting as w)),
      ('max_device_commands', null),
      ('max_device_command_bytes', null),
      ('max_dead_letters', (select coalesce(l.n, 0) from letters as l)),
      ('max_dead_letter_bytes', (select coalesce(l.bytes, 0) from letters as l)),
      ('max_channels', (select count(*) from public.notification_channels as c where c.tenant_id = tenant)),
      ('max_routes', (select count(*) from public.notification_routes as r where r.tenant_id = tenant)),
      ('max_mails_day', (select coalesce(max(u.mails), 0) from ingest.mail_use as u where u.tenant_id = tenant and u.day = current_date)),
      ('max_channel_hour', null)
  )
  select u.name, access.limit_of(tenant, u.name), u.used, t.until
  from used as u
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  union all
  select u.name, u.most, u.used, t.until
  from ingest.quotas as q
  cross join lateral (values
    ('readings_per_minute', q.readings_per_minute::bigint, (select coalesce(max(l.stored), 0) from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute = date_trunc('minute', now()) - interval '1 minute')),
    ('readings_per_day', q.readings_per_day::bigint, (select coalesce(sum(l.stored), 0)::bigint from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute >= current_date)),
    ('bytes_per_day', q.bytes_per_day::bigint, (select max(u.bytes) from ingest.quota_use as u
      where u.tenant_id = tenant and u.day = current_date))
  ) as u (name, most, used)
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  where q.tenant_id = tenant
  order by 1;
$$;

revoke all on function access.staffed_channel(uuid), public.notification_sender(), access.check_sealed(text), access.check_host(text),
  public.add_notification_channel(uuid, text, text, text, text, jsonb),
  public.change_notification_channel(uuid, text, boolean, text, text, jsonb), public.delete_notification_channel(uuid),
  access.address_hash(text), access.ask_confirmation(uuid, uuid), public.send_confirmation_again(uuid),
  public.answer_notification_channel(text, boolean),
  public.set_notification_route(uuid, text[], uuid, int, int, text, boolean, time, time, text, boolean, int, boolean, text[]),
  public.delete_notification_route(uuid), access.cancel_route(uuid, uuid), access.move_digest(),
  public.send_test_notification(uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.notification_sender(), public.add_notification_channel(uuid, text, text, text, text, jsonb),
  public.change_notification_channel(uuid, text, boolean, text, text, jsonb), public.delete_notification_channel(uuid),
  public.send_confirmation_again(uuid), public.answer_notification_channel(text, boolean),
  public.set_notification_route(uuid, text[], uuid, int, int, text, boolean, time, time, text, boolean, int, boolean, text[]),
  public.delete_notification_route(uuid), public.send_test_notification(uuid)
  to authenticated;
grant execute on function public.answer_notification_channel(text, boolean) to anon;
