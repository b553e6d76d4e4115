-- What a tenant and a person may have. The platform's numbers stand in access.platform_limits, a tenant's own ones in
-- public.tenant_limits, and one until a day in access.temporary_limits; the columns, and the names there, are those of
-- domain/account-limits.ts. Triggers and functions ask access.limit_of. Nothing binds the platform's operator, whose commands come without a
-- signed-in person.

-- Only `ops limit` reads it.
-- squawk-ignore renaming-column
alter table access.platform_limits rename column devices_per_tenant to max_devices;
alter table access.platform_limits
  add column max_rules int not null default 50 check (max_rules >= 0),
  add column max_window_minutes int not null default 1440 check (max_window_minutes >= 0),
  add column max_members int not null default 100 check (max_members >= 0),
  -- Open ones.
  add column max_invitations int not null default 50 check (max_invitations >= 0),
  -- Waiting commands, of all devices and of one.
  add column max_commands int not null default 1000 check (max_commands >= 0),
  add column max_command_bytes bigint not null default 4194304 check (max_command_bytes >= 0),
  add column max_device_commands int not null default 100 check (max_device_commands >= 0),
  add column max_device_command_bytes bigint not null default 524288 check (max_device_command_bytes >= 0),
  -- Kept ones.
  add column max_dead_letters int not null default 10000 check (max_dead_letters >= 0),
  add column max_dead_letter_bytes bigint not null default 16777216 check (max_dead_letter_bytes >= 0),
  add column invitations_per_person_day int not null default 50 check (invitations_per_person_day >= 0),
  -- Entries in the audit log.
  add column changes_per_person_day int not null default 2000 check (changes_per_person_day >= 0);
comment on table access.platform_limits is 'What one person, or one tenant, may have. Changed by `ops limit`.';

-- An account alone is of no use: the operator makes the tenants, until `ops limit --tenants-per-person` says otherwise. A number that
-- was set to something other than the former default stays.
alter table access.platform_limits alter column tenants_per_person set default 0;
update access.platform_limits set tenants_per_person = 0 where tenants_per_person = 5;

alter table public.tenant_limits
  add column max_rules int check (max_rules >= 0),
  add column max_window_minutes int check (max_window_minutes >= 0),
  add column max_members int check (max_members >= 0),
  add column max_invitations int check (max_invitations >= 0),
  add column max_commands int check (max_commands >= 0),
  add column max_command_bytes bigint check (max_command_bytes >= 0),
  add column max_device_commands int check (max_device_commands >= 0),
  add column max_device_command_bytes bigint check (max_device_command_bytes >= 0),
  add column max_dead_letters int check (max_dead_letters >= 0),
  add column max_dead_letter_bytes bigint check (max_dead_letter_bytes >= 0),
  add column bytes_per_day bigint check (bytes_per_day >= 0);
comment on table public.tenant_limits is
  'What one tenant may send and have. A null means the default: of max_..., what access.platform_limits says.';
comment on column public.tenant_limits.bytes_per_day is
  'Bytes of stored payloads in a day of UTC. Null: no bound. Beside a quota of readings, because one may have 128 KiB.';

create table access.temporary_limits (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null check (name in (
    'max_devices', 'max_rules', 'max_window_minutes', 'max_members', 'max_invitations', 'max_commands', 'max_command_bytes',
    'max_device_commands', 'max_device_command_bytes', 'max_dead_letters', 'max_dead_letter_bytes', 'readings_per_minute',
    'readings_per_day', 'bytes_per_day')),
  value bigint not null check (value between 0 and 1000000000000),
  until timestamptz not null,
  primary key (tenant_id, name)
);
comment on table access.temporary_limits is 'A tenant''s limits until a time; then what stood before holds. Changed by `ops limit --until`.';
alter table access.temporary_limits enable row level security;
alter table access.temporary_limits force row level security;
revoke all on access.temporary_limits from public, anon, authenticated, service_role;
create trigger audit after insert or update or delete on access.temporary_limits
  for each row execute function access.audit('limit', 'name');

-- A limit in force. Without the platform's row there is nothing to have: a null would be no limit.
create function access.limit_of(tenant uuid, name text) returns bigint
language plpgsql stable security definer set search_path = ''
as $$
begin
  return coalesce(
    (select t.value from access.temporary_limits as t
     where t.tenant_id = limit_of.tenant and t.name = limit_of.name and t.until > now()),
    (select (to_jsonb(l) ->> limit_of.name)::bigint from public.tenant_limits as l where l.tenant_id = limit_of.tenant),
    (select (to_jsonb(p) ->> limit_of.name)::bigint from access.platform_limits as p),
    0);
end
$$;

-- Refuses a row too many of a tenant. Arguments: the limit, what people call the rows, and which of them count. After the row, so that
-- row-level security has judged it: somebody else's tenant is told nothing.
create function access.limit_rows() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  most bigint;
  used bigint;
begin
  if auth.uid() is null then
    return null;
  end if;
  -- Two at once take turns, or both would count without the other.
  perform from public.tenants as t where t.id = new.tenant_id for no key update;
  most := access.limit_of(new.tenant_id, tg_argv[0]);
  execute format('select count(*) from %s as r where r.tenant_id = $1 and %s', tg_relid::regclass, coalesce(tg_argv[2], 'true'))
    into used using new.tenant_id;
  if used > most then
    raise exception 'this tenant has % %, its limit is %', used - 1, tg_argv[1], most
      using errcode = 'insufficient_privilege',
        hint = 'Remove what is not needed, or ask the platform''s operator for more.';
  end if;
  return null;
end
$$;

drop trigger limit_devices on public.devices;
drop function access.limit_devices();
create trigger limit_rows after insert on public.devices
  for each row execute function access.limit_rows('max_devices', 'devices');
create trigger limit_rows after insert on public.alert_rules
  for each row execute function access.limit_rows('max_rules', 'alert rules');
create trigger limit_rows after insert on public.memberships
  for each row execute function access.limit_rows('max_members', 'members');
create trigger limit_rows after insert on public.invitations
  for each row execute function access.limit_rows('max_invitations', 'open invitations',
    'r.accepted_at is null and r.revoked_at is null and r.expires_at > now()');

-- A longer window of a rule is more to read each minute.
create function access.limit_window() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  most bigint;
begin
  if auth.uid() is null then
    return null;
  end if;
  most := access.limit_of(new.tenant_id, 'max_window_minutes');
  if new.window_minutes > most then
    raise exception 'the window of % minutes is too long, this tenant''s limit is %', new.window_minutes, most
      using errcode = 'insufficient_privilege', hint = 'Use a shorter window, or ask the platform''s operator for more.';
  end if;
  return null;
end
$$;
create trigger limit_window after insert or update of window_minutes on public.alert_rules
  for each row execute function access.limit_window();

-- Raises when the signed-in person has done something as often as one may in 24 hours.
create function access.limit_person(name text, done bigint, what text) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  most constant bigint := coalesce((select (to_jsonb(p) ->> limit_person.name)::bigint from access.platform_limits as p), 0);
begin
  if done >= most then
    raise exception 'you have % in the last 24 hours, the limit is %', format(what, done), most
      using errcode = 'insufficient_privilege', hint = 'Wait, or ask the platform''s operator for more.';
  end if;
end
$$;

-- People are bound; the operator's invitations come without a signed-in person.
create function access.limit_invitations() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if auth.uid() is null then
    return new;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('access.limit_invitations ' || auth.uid(), 0));
  perform access.limit_person('invitations_per_person_day',
    (select count(*) from public.invitations as i where i.invited_by = auth.uid() and i.created_at > now() - interval '1 day'),
    'sent %s invitations');
  return new;
end
$$;
create index invitations_invited_by on public.invitations (invited_by, created_at desc);
create trigger limit_invitations before insert on public.invitations
  for each row execute function access.limit_invitations();

-- The audit log grows with each change, so changes are bound; by person, because one member must not lock out the others. Several
-- changes of one person at the same moment may go a few beyond.
create index audit_log_actor_at on public.audit_log (actor_id, at desc);
create function access.limit_changes() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if auth.uid() is not null then
    perform access.limit_person('changes_per_person_day',
      (select count(*) from public.audit_log as a where a.actor_id = auth.uid() and a.at > now() - interval '1 day'),
      'made %s changes');
  end if;
end
$$;

create or replace function access.audit() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- Hashes concern no one, a command's payload may be anything and is in its own table.
  hidden constant text[] := array['password_hash', 'token_hash', 'payload'];
  before constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - hidden end;
  after constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - hidden end;
  entry constant jsonb := coalesce(after, before);
  tenant constant uuid := coalesce(entry ->> 'tenant_id', entry ->> 'id');
  changed jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(a.key, jsonb_build_object('from', before -> a.key, 'to', a.value)) into changed
    from jsonb_each(after) as a where a.value is distinct from before -> a.key;
    if changed is null then
      return null;
    end if;
  end if;
  perform access.limit_changes();
  -- Nothing is left to note on when the whole tenant goes.
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
  select t.id, auth.uid(), access.my_email(),
    tg_argv[0] || case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.changed' else '.deleted' end,
    entry ->> tg_argv[1], coalesce(changed, entry - 'tenant_id')
  from public.tenants as t where t.id = tenant;
  return null;
end
$$;

-- One entry a request, however many letters it names.
create or replace function access.audit_redrive() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.limit_changes();
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, details)
  select n.tenant_id, auth.uid(), access.my_email(), 'dead_letters.redrive_requested', jsonb_build_object('ids', jsonb_agg(n.id order by n.id))
  from after as n join before as o using (id)
  join public.tenants as t on t.id = n.tenant_id
  where n.redrive_requested_at is not null and o.redrive_requested_at is null
  group by n.tenant_id;
  return null;
end
$$;

alter table ingest.quota_use add column bytes bigint not null default 0;

-- Rate and quotas of readings and of their bytes, with the temporary ones.
create view ingest.quotas as
select t.id as tenant_id,
  coalesce(r.value, l.readings_per_minute) as readings_per_minute,
  coalesce(l.burst_minutes, 60) as burst_minutes,
  coalesce(d.value, l.readings_per_day) as readings_per_day,
  coalesce(b.value, l.bytes_per_day) as bytes_per_day
from public.tenants as t
left join public.tenant_limits as l on l.tenant_id = t.id
left join access.temporary_limits as r on r.tenant_id = t.id and r.name = 'readings_per_minute' and r.until > now()
left join access.temporary_limits as d on d.tenant_id = t.id and d.name = 'readings_per_day' and d.until > now()
left join access.temporary_limits as b on b.tenant_id = t.id and b.name = 'bytes_per_day' and b.until > now();
revoke all on ingest.quotas from public, anon, authenticated, service_role;

create or replace view ingest.registered_devices as
select t.slug as tenant_slug, d.slug as device_slug, d.tenant_id, d.id as device_id, d.enabled,
  l.max_payload_bytes, l.max_depth, l.max_ahead_seconds, l.max_age_seconds,
  num_nonnulls(q.readings_per_minute, q.readings_per_day, q.bytes_per_day) > 0 as metered,
  coalesce(own.time_members, every.time_members) as time_members, coalesce(own.senml, every.senml) as senml,
  coalesce(own.repairs_clock, every.repairs_clock) as repairs_clock, coalesce(own.repeat_ms, every.repeat_ms) as repeat_ms
from public.devices as d
join public.tenants as t on t.id = d.tenant_id
join ingest.quotas as q on q.tenant_id = d.tenant_id
left join public.tenant_limits as l on l.tenant_id = d.tenant_id
left join public.reading_rules as own on own.tenant_id = d.tenant_id and own.device_id = d.id
left join public.reading_rules as every on every.tenant_id = d.tenant_id and every.device_id is null;

-- How many readings, and bytes of them, each tenant may still store, null where there is no bound; a tenant without any is left out.
-- Locks what it reads until the transaction ends, so that two writers never spend the same token.
drop function ingest.quota_left(uuid[]);
create function ingest.quota_left(tenant_ids uuid[]) returns table (tenant_id uuid, readings bigint, bytes bigint)
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  insert into ingest.quota_use (tenant_id, filled_at, day, stored)
  select l.tenant_id, clock_timestamp(), current_date, 0 from ingest.quotas as l
  where l.tenant_id = any (tenant_ids)
  order by 1
  on conflict do nothing;
  -- In one order, or two writers could each wait for the other.
  perform from ingest.quota_use as u where u.tenant_id = any (tenant_ids) order by u.tenant_id for update;
  return query
  update ingest.quota_use as u
  set tokens = least(
        l.readings_per_minute::float8 * l.burst_minutes,
        u.tokens + l.readings_per_minute * greatest(extract(epoch from clock_timestamp() - u.filled_at)::float8, 0) / 60),
    filled_at = clock_timestamp(),
    day = (clock_timestamp() at time zone 'UTC')::date,
    stored = case when u.day = (clock_timestamp() at time zone 'UTC')::date then u.stored else 0 end,
    bytes = case when u.day = (clock_timestamp() at time zone 'UTC')::date then u.bytes else 0 end
  from ingest.quotas as l
  where l.tenant_id = u.tenant_id and u.tenant_id = any (tenant_ids)
    and num_nonnulls(l.readings_per_minute, l.readings_per_day, l.bytes_per_day) > 0
  -- Without these cases greatest() would make 0 of a null.
  returning u.tenant_id,
    case when num_nonnulls(l.readings_per_minute, l.readings_per_day) > 0
      then greatest(least(floor(u.tokens)::bigint, l.readings_per_day - u.stored), 0) end,
    case when l.bytes_per_day is not null then greatest(l.bytes_per_day - u.bytes, 0) end;
end
$$;

-- Takes what was stored off what is left. Call it in the transaction that asked quota_left.
drop function ingest.spend_quota(uuid[], bigint[]);
create function ingest.spend_quota(tenant_ids uuid[], spent_readings bigint[], spent_bytes bigint[] default null) returns void
language sql security definer set search_path = ''
as $$
  update ingest.quota_use as u
  set tokens = u.tokens - spent.readings, stored = u.stored + spent.readings, bytes = u.bytes + coalesce(spent.bytes, 0)
  from unnest(tenant_ids, spent_readings, spent_bytes) as spent (tenant_id, readings, bytes)
  where u.tenant_id = spent.tenant_id;
$$;

revoke all on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[], bigint[])
  from public, anon, authenticated, service_role;
grant execute on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[], bigint[]) to mqtt_ingest;

-- A person may not look up which short names are taken: each that is not available counts, and 20 a day are answered.
create table access.refused_slugs (
  user_id uuid primary key references auth.users (id) on delete cascade,
  day date not null,
  attempts int not null
);
comment on table access.refused_slugs is 'How often a person asked for a short name that was not available, on the last day they did.';
alter table access.refused_slugs enable row level security;
alter table access.refused_slugs force row level security;
revoke all on access.refused_slugs from public, anon, authenticated, service_role;

-- Makes a tenant whose owner is the signed-in person, and returns its id; null when its short name is not available: an error would undo
-- the count of attempts.
create or replace function public.create_tenant(slug text, name text) returns uuid
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  me constant uuid := auth.uid();
  my_email constant text := access.my_email();
  made uuid;
begin
  if me is null or my_email is null then
    raise exception 'your sign-in has no e-mail address'
      using errcode = 'invalid_parameter_value', hint = 'Sign in with an e-mail address.';
  end if;
  if (create_tenant.slug ~ '^[a-z0-9][a-z0-9-]{0,62}$') is not true then
    raise exception 'the short name is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
  end if;
  perform access.check_name(create_tenant.name);
  -- The lock of access.limit_tenants: of several calls at once, each sees what those before it counted.
  perform pg_advisory_xact_lock(hashtextextended('access.limit_tenants ' || me, 0));
  if exists (select from access.refused_slugs as r where r.user_id = me and r.day = current_date and r.attempts >= 20) then
    raise exception 'you have asked for 20 short names that are not available, the limit of a day'
      using errcode = 'insufficient_privilege', hint = 'Try again tomorrow, or ask the platform''s operator.';
  end if;
  insert into public.tenants (slug, name) values (create_tenant.slug, create_tenant.name)
  on conflict do nothing returning id into made;
  if made is null then
    insert into access.refused_slugs as r (user_id, day, attempts) values (me, current_date, 1)
    on conflict (user_id) do update
      set attempts = case when r.day = current_date then r.attempts + 1 else 1 end, day = current_date;
    return null;
  end if;
  insert into public.memberships (tenant_id, user_id, email, role) values (made, me, my_email, 'owner');
  return made;
end
$$;

-- Whether ingest runs, and what a tenant has. One row. `workers` is how many leases are in force now; rows are those the
-- ledger has counted, which retention may have removed since. Nothing of other tenants: the database's size is the operator's.
drop function public.ingest_status(uuid);
create function public.ingest_status(tenant_id uuid)
returns table (last_run_at timestamptz, last_row_at timestamptz, telemetry_rows_estimate bigint, workers int)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  perform access.require_role(ingest_status.tenant_id, '{owner,staff,viewer}');
  return query select
    (select max(l.seen_at) from ingest.leases as l),
    (select l.minute from public.ingest_ledger as l
     where l.tenant_id = ingest_status.tenant_id and l.stored > 0 order by l.minute desc limit 1),
    (select coalesce(sum(l.stored), 0)::bigint from public.ingest_ledger as l where l.tenant_id = ingest_status.tenant_id),
    (select count(*)::int from ingest.leases as l where l.expires_at > clock_timestamp());
end
$$;

revoke all on function access.limit_of(uuid, text), access.limit_rows(), access.limit_window(),
  access.limit_person(text, bigint, text), access.limit_invitations(), access.limit_changes(), public.ingest_status(uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.ingest_status(uuid) to authenticated;
