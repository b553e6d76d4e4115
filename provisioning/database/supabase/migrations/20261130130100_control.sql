-- Commands that a device acknowledges, the state that is desired of a device and the one it reports, and which devices are offline.

-- A command's way: `handed_at` when the broker last took it for a session of the device, `sent_at` when the device was first heard after
-- that (a session may belong to a device that is away), `acknowledged_at` when the device said so.
alter table public.device_commands
  add column handed_at timestamptz,
  -- How often it was published.
  add column tries int not null default 0,
  -- The device subscribes to commands with their ids, so it acknowledges; until it does, the command is repeated.
  add column repeats boolean not null default false,
  add column acknowledged_at timestamptz,
  -- What the device answered; of one that failed, `error` has its words.
  add column result jsonb;
-- A small table: rewriting it is quick.
-- squawk-ignore adding-field-with-default
alter table public.device_commands add column state text not null generated always as (
  case
    when acknowledged_at is not null and error is null then 'acknowledged'
    -- As ingest.prune and ingest.control_work say it.
    when acknowledged_at is null and error like 'It expired%' then 'expired'
    when error is not null then 'failed'
    when sent_at is not null then 'sent'
    else 'waiting'
  end) stored;
create index device_commands_expired on public.device_commands (expires_at) where state = 'expired';
-- What the control loop may still do something about.
create index device_commands_open on public.device_commands (tenant_id, device_id, requested_at)
  where acknowledged_at is null and error is null and (sent_at is null or repeats);

-- The members of `desired` that `reported` has not, or has otherwise.
create function access.state_delta(desired jsonb, reported jsonb) returns jsonb
language sql immutable set search_path = ''
as $$
  select case when desired is not null then coalesce(jsonb_object_agg(e.key, e.value), '{}') end
  from jsonb_each(desired) as e where e.value is distinct from reported -> e.key
$$;

create table public.device_state (
  tenant_id uuid not null,
  device_id uuid not null,
  -- What owners and staff want, null: nothing; and what the device says. Each is a whole document.
  desired jsonb check (jsonb_typeof(desired) = 'object' and octet_length(desired::text) <= 8192),
  desired_version int not null default 0,
  desired_at timestamptz,
  reported jsonb check (jsonb_typeof(reported) = 'object'),
  reported_at timestamptz,
  delta jsonb generated always as (access.state_delta(desired, reported)) stored,
  -- The version that the broker retains, when it was last published, and under which slugs.
  published_version int not null default 0,
  published_at timestamptz,
  retained text[],
  -- When the control loop looks at this device again; null: nothing is to be done. `heard_from`: earlier, if it is heard after this.
  next_at timestamptz,
  heard_from timestamptz,
  -- Of a device that was absent: how long after that try `heard_from` is.
  heard_pause interval,
  primary key (tenant_id, device_id),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index device_state_due on public.device_state (next_at) where next_at is not null;
-- Devices that are looked at earlier when they are heard.
create index device_state_heard on public.device_state (tenant_id, device_id) where heard_from is not null;

alter table public.device_state enable row level security;
alter table public.device_state force row level security;
revoke all on public.device_state from public, anon, authenticated, service_role;
grant select (tenant_id, device_id, desired, desired_version, desired_at, reported, reported_at, delta, published_version)
  on public.device_state to authenticated;
grant select on public.device_state to service_role;
create policy members_select on public.device_state for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.device_state for select to service_role using (true);

-- Who asked for which version. The document itself is in its own table.
create function access.audit_desired() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
  values (new.tenant_id, auth.uid(), access.my_email(), 'desired_state.changed', new.device_id,
    jsonb_build_object('version', new.desired_version));
  return null;
end
$$;
create trigger audit after insert or update of desired on public.device_state
  for each row when (new.desired_version > 0) execute function access.audit_desired();

-- Desired documents that the broker still retains, of devices that are deleted: a later device of the same name must not read them.
create table ingest.retained_of_deleted (
  tenant_slug text not null,
  device_slug text not null,
  primary key (tenant_slug, device_slug)
);
alter table ingest.retained_of_deleted enable row level security;
alter table ingest.retained_of_deleted force row level security;
revoke all on ingest.retained_of_deleted from public, anon, authenticated, service_role;

create function ingest.remember_retained() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.retained_of_deleted values (old.retained[1], old.retained[2]) on conflict do nothing;
  return null;
end
$$;
create trigger remember_retained after delete on public.device_state
  for each row when (old.retained is not null) execute function ingest.remember_retained();

-- The control loop looks at the device at once.
create function ingest.schedule_command() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.device_state (tenant_id, device_id, next_at) values (new.tenant_id, new.device_id, now())
  on conflict (tenant_id, device_id) do update set next_at = now();
  return null;
end
$$;
create trigger schedule after insert on public.device_commands
  for each row execute function ingest.schedule_command();
insert into public.device_state (tenant_id, device_id, next_at)
select distinct c.tenant_id, c.device_id, now() from public.device_commands as c where c.sent_at is null and c.error is null;

-- As before, and it may expire earlier.
drop function public.send_command(uuid, jsonb);
create function public.send_command(device_id uuid, payload jsonb, expires_seconds int default 1209600) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_device(send_command.device_id);
  size constant int := octet_length(send_command.payload::text);
  most bigint;
  most_bytes bigint;
  waiting record;
  made uuid;
begin
  if (jsonb_typeof(send_command.payload) = 'object' and size <= 65536) is not true then
    raise exception 'a command is a JSON object of at most 64 KiB'
      using errcode = 'invalid_parameter_value', hint = 'Send an object such as {"interval": 60}.';
  end if;
  if (send_command.expires_seconds between 1 and 1209600) is not true then
    raise exception 'a command expires after % seconds', coalesce(send_command.expires_seconds::text, 'null')
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 1209600, which is 14 days.';
  end if;
  -- Two at once take turns, or both would count without the other.
  perform from public.tenants as t where t.id = tenant for no key update;
  select count(*) as all_n, coalesce(sum(c.bytes), 0) as all_bytes,
    count(*) filter (where c.device_id = send_command.device_id) as own_n,
    coalesce(sum(c.bytes) filter (where c.device_id = send_command.device_id), 0) as own_bytes
  into waiting
  from public.device_commands as c
  where c.tenant_id = tenant and c.sent_at is null and c.error is null and c.expires_at > now();
  perform access.limit_commands('this device', waiting.own_n, access.limit_of(tenant, 'max_device_commands'),
    waiting.own_bytes + size, access.limit_of(tenant, 'max_device_command_bytes'));
  most := access.limit_of(tenant, 'max_commands');
  most_bytes := access.limit_of(tenant, 'max_command_bytes');
  perform access.limit_commands('this tenant''s devices', waiting.all_n, most, waiting.all_bytes + size, most_bytes);
  insert into public.device_commands (tenant_id, device_id, payload, requested_by, expires_at)
  values (tenant, send_command.device_id, send_command.payload, auth.uid(),
    now() + make_interval(secs => send_command.expires_seconds))
  returning id into made;
  delete from public.device_commands as d where d.id in (
    select k.id
    from (
      select c.id, c.sent_at is not null or c.error is not null as ended, count(*) over w as n, sum(c.bytes) over w as size
      from public.device_commands as c where c.tenant_id = tenant
      window w as (order by c.requested_at desc, c.id rows unbounded preceding)
    ) as k
    where k.ended and (k.n > 10 * most or k.size > 4 * most_bytes)
  );
  return made;
end
$$;

-- Says what is desired of a device, as a whole; null: nothing. Returns the version.
create function public.set_desired_state(device_id uuid, desired jsonb) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_device(set_desired_state.device_id);
  version int;
begin
  if (jsonb_typeof(set_desired_state.desired) = 'object' and octet_length(set_desired_state.desired::text) <= 8192) is false then
    raise exception 'a desired state is a JSON object of at most 8 KiB'
      using errcode = 'invalid_parameter_value', hint = 'Send an object such as {"interval": 60}, or null for none.';
  end if;
  insert into public.device_state as s (tenant_id, device_id, desired, desired_version, desired_at, next_at)
  values (tenant, set_desired_state.device_id, set_desired_state.desired, 1, now(), now())
  on conflict on constraint device_state_pkey do update
    set desired = excluded.desired, desired_version = s.desired_version + 1, desired_at = now(), published_at = null, next_at = now()
  returning s.desired_version into version;
  return version;
end
$$;

-- How long after its n-th try a command that is not acknowledged is sent again: 2 minutes, twice as long each time, up to an hour. In the
-- cloud an acknowledgement takes up to a minute to get here.
create function ingest.repeat_after(tries int) returns interval
language sql immutable set search_path = ''
as $$ select least(interval '1 hour', interval '2 minutes' * power(2, greatest(tries, 1) - 1)) $$;

-- When a command that is open is to be sent again; null: it is not repeated. While the device has not been heard, it probably still waits
-- in its session.
create function ingest.repeat_at(c public.device_commands) returns timestamptz
language sql stable set search_path = ''
as $$
  select case when c.repeats then
    greatest(c.handed_at + ingest.repeat_after(c.tries), case when c.sent_at is null then c.handed_at + interval '1 hour' end) end
$$;

-- Says when the control loop looks at devices again. `absent`: those that had no session for what waits for them.
create function ingest.schedule_devices(tenants uuid[], devices uuid[], absent uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- In one order, or two transactions could wait for each other.
  perform from public.device_state as s join unnest(tenants, devices) as u (t, d) on s.tenant_id = u.t and s.device_id = u.d
  order by s.tenant_id, s.device_id for no key update of s;
  update public.device_state as s set
    next_at = least(
      case when w.head is not null then now() + case when a.absent then w.pause else interval '0' end end,
      w.again_at, w.expires_at,
      case
        when s.desired_version > s.published_version then coalesce(s.published_at + interval '1 minute', now())
        -- The broker may have lost it.
        when s.delta <> '{}' then s.published_at + interval '1 hour'
      end),
    (heard_pause, heard_from) = (
      select p.pause, least(case when a.absent then now() + p.pause when w.head is not null then s.heard_from end, w.handed_at)
      from (
        select case
          when w.head is null then null
          when not a.absent then s.heard_pause
          -- A device that was heard since the last try, and is absent again, perhaps never subscribes.
          when h.last_received_at > s.heard_from - s.heard_pause then least(2 * s.heard_pause, w.pause)
          else least(interval '2.5 seconds', w.pause) end as pause
      ) as p
    )
  from unnest(tenants, devices) as u (t, d)
  left join public.device_status as h on h.tenant_id = u.t and h.device_id = u.d
  cross join lateral (select u.d = any (schedule_devices.absent) as absent) as a
  cross join lateral (
    select min(c.requested_at) filter (where c.handed_at is null) as head,
      -- A device that is long away is asked for less often.
      greatest(interval '1 second', least(interval '1 minute', now() - min(c.requested_at) filter (where c.handed_at is null))) as pause,
      min(ingest.repeat_at(c)) as again_at, min(c.expires_at) as expires_at,
      max(c.handed_at) filter (where c.sent_at is null) as handed_at
    from public.device_commands as c
    where c.tenant_id = u.t and c.device_id = u.d
      and c.acknowledged_at is null and c.error is null and (c.sent_at is null or c.repeats)
  ) as w
  where s.tenant_id = u.t and s.device_id = u.d;
end
$$;

-- What the control loop is to publish now: for at most `most` devices, first for one of each tenant, then for a second of each, and so on;
-- of each the desired state and at most 20 commands in order; `most_bytes` in all. Ends what has expired or was repeated in vain.
-- What is published must be told to ingest.control_done.
create function ingest.control_work(most int, most_bytes int)
returns table (kind text, tenant_id uuid, device_id uuid, command_id uuid, version int, repeats boolean, tenant_slug text,
  device_slug text, payload text, expires_in double precision)
language plpgsql security definer set search_path = ''
as $$
declare
  tenants uuid[];
  devices uuid[];
begin
  select array_agg(q.tenant_id order by q.place, q.next_at), array_agg(q.device_id order by q.place, q.next_at) into tenants, devices
  from (
    select s.tenant_id, s.device_id, s.next_at, row_number() over (partition by s.tenant_id order by s.next_at) as place
    from (
      select d.tenant_id, d.device_id, d.next_at from public.device_state as d where d.next_at <= now()
      union
      select d.tenant_id, d.device_id, d.next_at
      from public.device_state as d
      join public.device_status as h on h.tenant_id = d.tenant_id and h.device_id = d.device_id
      where d.heard_from is not null and h.last_received_at > d.heard_from
    ) as s
    order by place, s.next_at limit most
  ) as q;
  update public.device_commands as c set sent_at = h.last_received_at
  from unnest(tenants, devices) as u (t, d)
  join public.device_status as h on h.tenant_id = u.t and h.device_id = u.d
  where c.tenant_id = u.t and c.device_id = u.d and c.sent_at is null and c.error is null and h.last_received_at > c.handed_at;
  update public.device_commands as c set error = case
      when c.expires_at > now() then 'The device did not acknowledge it, it was sent ' || c.tries || ' times.'
      when c.sent_at is not null then 'It expired: the device did not acknowledge it.'
      when c.handed_at is not null then 'It expired: the broker had it, and the device was not heard after that.'
      else 'It expired: the device was not connected.' end
  from unnest(tenants, devices) as u (t, d)
  where c.tenant_id = u.t and c.device_id = u.d and c.acknowledged_at is null and c.error is null and (c.sent_at is null or c.repeats)
    and (c.expires_at <= now() or c.tries >= 10 and ingest.repeat_at(c) <= now());
  perform ingest.schedule_devices(tenants, devices, '{}');
  -- Before it is published: nobody would know of a document whose device is deleted meanwhile.
  update public.device_state as s set retained = array[t.slug, d.slug]
  from unnest(tenants, devices) as u (t, d)
  join public.tenants as t on t.id = u.t
  join public.devices as d on d.tenant_id = u.t and d.id = u.d
  where s.tenant_id = u.t and s.device_id = u.d and s.desired is not null and s.retained is distinct from array[t.slug, d.slug];
  return query
  select w.kind, w.t, w.d, w.id, w.version, w.repeats, w.tenant_slug, w.device_slug, w.payload,
    extract(epoch from w.expires_at - clock_timestamp())::double precision
  from (
    select w.*, sum(octet_length(w.payload)) over (order by w.n, w.place rows unbounded preceding) as size
    from (
      (select 'clear' as kind, null::uuid as t, null::uuid as d, null::uuid as id, null::int as version, false as repeats,
        g.tenant_slug, g.device_slug, '' as payload, null::timestamptz as expires_at, 0::bigint as n, 0::bigint as place
      from ingest.retained_of_deleted as g limit 100)
      union all
      select p.kind, u.t, u.d, p.id, p.version, p.repeats, t.slug, d.slug, p.payload, p.expires_at, u.n, p.place
      from unnest(tenants, devices) with ordinality as u (t, d, n)
      join public.tenants as t on t.id = u.t
      join public.devices as d on d.tenant_id = u.t and d.id = u.d
      cross join lateral (
        select 'desired' as kind, null::uuid as id, s.desired_version as version, false as repeats, coalesce(s.desired::text, '') as payload,
          null::timestamptz as expires_at, 0::bigint as place
        from public.device_state as s
        where s.tenant_id = u.t and s.device_id = u.d and case
          when s.desired_version > s.published_version then coalesce(s.published_at + interval '1 minute', now()) <= now()
          else s.delta <> '{}' and s.published_at + interval '1 hour' <= now() end
        union all
        (select 'command', c.id, null, c.repeats, c.payload::text, c.expires_at, row_number() over (order by c.requested_at, c.id)
        from public.device_commands as c
        where c.tenant_id = u.t and c.device_id = u.d
          and c.acknowledged_at is null and c.error is null and (c.sent_at is null or c.repeats)
          and (c.handed_at is null or ingest.repeat_at(c) <= now())
        order by c.requested_at, c.id limit 20)
      ) as p
    ) as w
  ) as w
  where w.size <= most_bytes
  order by w.n, w.place;
end
$$;

-- Notes what became of it. Each member of `done` has what ingest.control_work gave of it, and an outcome: `handed` (the broker took it; of a
-- command, for a session of the device), `acknowledges` (the same, and the session gets ids), `absent` (there is none),
-- `unknown` (the broker did not answer), or the reason why it is refused.
create function ingest.control_done(done jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenants uuid[];
  devices uuid[];
  absent uuid[];
begin
  delete from ingest.retained_of_deleted as g using jsonb_to_recordset(control_done.done) as r
    (kind text, tenant_slug text, device_slug text, outcome text)
  where r.kind = 'clear' and r.outcome = 'handed' and g.tenant_slug = r.tenant_slug and g.device_slug = r.device_slug;
  perform from public.device_commands as c where c.id in (
    select r.command_id from jsonb_to_recordset(control_done.done) as r (command_id uuid)) order by c.id for no key update;
  update public.device_commands as c set
    handed_at = case when r.outcome in ('handed', 'acknowledges') then clock_timestamp() else c.handed_at end,
    tries = c.tries + case when r.outcome in ('handed', 'acknowledges', 'unknown') then 1 else 0 end,
    repeats = c.repeats or r.outcome = 'acknowledges',
    error = case
      when c.acknowledged_at is not null or r.outcome in ('handed', 'acknowledges', 'absent') then c.error
      when r.outcome <> 'unknown' then r.outcome
      when c.tries >= 9 then 'The broker did not confirm it. The device may have got it.' end
  from jsonb_to_recordset(control_done.done) as r (kind text, command_id uuid, outcome text)
  where r.kind = 'command' and c.id = r.command_id;
  select array_agg(distinct r.device_id), array_agg(distinct r.device_id) filter (where r.outcome in ('absent', 'unknown'))
  into devices, absent
  from jsonb_to_recordset(control_done.done) as r (device_id uuid, outcome text) where r.device_id is not null;
  select array_agg(d.tenant_id order by d.tenant_id, d.id), array_agg(d.id order by d.tenant_id, d.id) into tenants, devices
  from public.devices as d where d.id = any (devices);
  perform from public.device_state as s join unnest(tenants, devices) as u (t, d) on s.tenant_id = u.t and s.device_id = u.d
  order by s.tenant_id, s.device_id for no key update of s;
  update public.device_state as s set
    published_at = now(),
    published_version = case when r.outcome = 'handed' then r.version else s.published_version end,
    retained = case when r.outcome <> 'handed' then s.retained when s.desired is not null then array[r.tenant_slug, r.device_slug] end
  from jsonb_to_recordset(control_done.done) as r
    (kind text, tenant_id uuid, device_id uuid, version int, tenant_slug text, device_slug text, outcome text)
  where r.kind = 'desired' and s.tenant_id = r.tenant_id and s.device_id = r.device_id and s.desired_version = r.version;
  perform ingest.schedule_devices(tenants, devices, coalesce(absent, '{}'));
end
$$;

-- Notes what devices report, side by side: of kind `reported`, their whole state; `acks`, {"id", "result"} or {"id", "error"}.
create function ingest.note_reports(tenant_ids uuid[], device_ids uuid[], kinds text[], bodies jsonb[], received timestamptz[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- Acknowledgements count even when the command has expired meanwhile.
  perform from public.device_commands as c
  join unnest(note_reports.device_ids, note_reports.kinds, note_reports.bodies) as r (d, kind, body)
    on r.kind = 'acks' and c.id = (r.body ->> 'id')::uuid and c.device_id = r.d
  order by c.id for no key update of c;
  update public.device_commands as c set acknowledged_at = r.at, sent_at = coalesce(c.sent_at, r.at), result = r.body -> 'result',
    error = case when r.body ? 'error' then 'The device says: ' || left(r.body ->> 'error', 500) end
  from unnest(tenant_ids, device_ids, kinds, bodies, received) as r (t, d, kind, body, at)
  where r.kind = 'acks' and c.id = (r.body ->> 'id')::uuid and c.tenant_id = r.t and c.device_id = r.d and c.acknowledged_at is null;
  insert into public.device_state as s (tenant_id, device_id, reported, reported_at)
  select r.t, r.d, r.body, r.at
  from (
    select distinct on (r.t, r.d) r.* from unnest(tenant_ids, device_ids, kinds, bodies, received) with ordinality as r (t, d, kind, body, at, n)
    where r.kind = 'reported' order by r.t, r.d, r.at desc, r.n desc
  ) as r
  -- A device that does not exist (any more) is passed over.
  join public.devices as d on d.tenant_id = r.t and d.id = r.d
  order by r.t, r.d
  on conflict on constraint device_state_pkey do update set reported = excluded.reported, reported_at = excluded.reported_at
  where s.reported_at is null or s.reported_at <= excluded.reported_at;
end
$$;

-- Since when a device is offline: when it was last heard. Kept by the control loop, null while it is heard as often as usual.
alter table public.device_status add column offline_since timestamptz;
create index device_status_offline on public.device_status (tenant_id) where offline_since is not null;
grant select (offline_since) on public.device_status to authenticated;

-- How long a device may be silent: three times its interval, which is the second longest of its last gaps, so that neither one outage nor
-- several messages in a row count; at least 5 minutes. A day for one whose interval is not known.
create function ingest.patience(gaps real[]) returns interval
language sql immutable set search_path = ''
as $$
  select case when cardinality(gaps) < 2 then interval '1 day'
    else greatest(interval '5 minutes', 3 * (select g from unnest(gaps) as g order by g desc offset 1 limit 1) * interval '1 second') end
$$;

-- Notes which devices are offline and which are back, `most` of them.
create function ingest.watch_devices(most int) returns void
language sql security definer set search_path = ''
as $$
  update public.device_status as s set offline_since = w.since
  from (
    select h.tenant_id, h.device_id, f.since
    from public.device_status as h
    join public.devices as d on d.tenant_id = h.tenant_id and d.id = h.device_id
    cross join lateral (
      select case when d.enabled and h.last_received_at < now() - ingest.patience(h.gaps) then h.last_received_at end as since
    ) as f
    where h.offline_since is distinct from f.since
    order by h.tenant_id, h.device_id limit most for no key update of h
  ) as w
  where s.tenant_id = w.tenant_id and s.device_id = w.device_id;
$$;

-- For metrics: names without a prefix, and numbers. The loop's age is null when it has never worked.
create function ingest.control_figures() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return jsonb_build_object(
    'offline_devices', (select count(*) from public.device_status as s where s.offline_since is not null),
    'control_loop_age_seconds', (
      select greatest(0, extract(epoch from clock_timestamp() - j.succeeded_at)) from ingest.job_runs as j where j.name = 'control'),
    'commands_waiting', (select count(*) from public.device_commands as c where c.sent_at is null and c.error is null),
    'commands_expired', (select count(*) from public.device_commands as c
      where c.state = 'expired' and c.expires_at > now() - interval '1 day'));
end
$$;

-- `seen_at` of leases says when ingest last ran. The control loop holds a lease of its own, and is noted among the jobs.
create or replace function ingest.note_lease() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if new.name <> 'control' then
    new.seen_at := clock_timestamp();
  end if;
  return new;
end
$$;

create or replace function public.ingest_status(tenant_id uuid)
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
    (select count(*)::int from ingest.leases as l where l.expires_at > clock_timestamp() and l.name <> 'control');
end
$$;

drop function ingest.waiting_commands(int), ingest.finish_command(uuid, text);

revoke all on function access.state_delta(jsonb, jsonb), access.audit_desired(), ingest.remember_retained(), ingest.schedule_command(),
  public.send_command(uuid, jsonb, int), public.set_desired_state(uuid, jsonb), ingest.repeat_after(int),
  ingest.repeat_at(public.device_commands), ingest.schedule_devices(uuid[], uuid[], uuid[]), ingest.control_work(int, int),
  ingest.control_done(jsonb), ingest.note_reports(uuid[], uuid[], text[], jsonb[], timestamptz[]), ingest.patience(real[]),
  ingest.watch_devices(int), ingest.control_figures()
  from public, anon, authenticated, service_role;
grant execute on function public.send_command(uuid, jsonb, int), public.set_desired_state(uuid, jsonb) to authenticated;
grant execute on function ingest.control_work(int, int), ingest.control_done(jsonb),
  ingest.note_reports(uuid[], uuid[], text[], jsonb[], timestamptz[]), ingest.watch_devices(int), ingest.control_figures() to mqtt_ingest;
