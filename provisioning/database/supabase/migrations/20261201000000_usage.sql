-- What each tenant used, a row a day of UTC, kept 25 months: what a bill is made from. A job counts it from the ledger and the tables;
-- counting again changes nothing. And how large the database was each day.

-- Of the payloads of what was stored, as their JSON text came.
alter table public.ingest_ledger add column bytes bigint not null default 0;

create table public.usage_days (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  -- In which it was received, or happened.
  day date not null,
  -- Stored, and the bytes of their payloads.
  readings bigint not null default 0,
  bytes bigint not null default 0,
  over_quota bigint not null default 0,
  -- Dead letters that came, also those that were not kept.
  letters bigint not null default 0,
  -- Alerts that opened, notifications that were sent, commands that people asked for.
  alerts bigint not null default 0,
  notifications bigint not null default 0,
  commands bigint not null default 0,
  -- Of AI. Nothing uses any yet.
  ai_tokens bigint not null default 0,
  primary key (tenant_id, day)
);
create index usage_days_day on public.usage_days (day);
comment on table public.usage_days is 'What a tenant used on a day of UTC. A day without use has no row.';
alter table public.usage_days enable row level security;
alter table public.usage_days force row level security;
revoke all on public.usage_days from public, anon, authenticated, service_role;
grant select on public.usage_days to authenticated, service_role;
create policy members_select on public.usage_days for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.usage_days for select to service_role using (true);

-- It summed up the ledger's 30 days; only tests read it.
-- squawk-ignore ban-drop-view
drop view public.tenant_usage;

-- Days to count again: a batch came late into their ledger, because the database was away.
create table ingest.usage_due (day date primary key);

-- How far the counting is. A round counts each day since the last one, or since the oldest of usage_due, tenant by tenant.
create table ingest.usage_progress (
  id boolean primary key default true check (id),
  -- All that was committed before it is counted.
  counted_until timestamptz not null,
  -- Of the round that is under way: when it began, its day, the last tenant that it has counted. Null: there is none.
  began_at timestamptz,
  day date,
  after_tenant uuid
);
-- The first round counts what the ledger still has.
insert into ingest.usage_progress (counted_until) values (now() - interval '29 days');

create table ingest.database_sizes (
  day date primary key,
  bytes bigint not null
);
comment on table ingest.database_sizes is 'The database''s size at the last count of each day: how fast it grows.';

do $$
declare
  relation text;
begin
  foreach relation in array array['usage_due', 'usage_progress', 'database_sizes'] loop
    execute format('alter table ingest.%I enable row level security', relation);
    execute format('alter table ingest.%I force row level security', relation);
    execute format('revoke all on ingest.%I from public, anon, authenticated, service_role', relation);
  end loop;
end
$$;

-- Adds a batch, the arrays side by side, and what of its payloads was stored. `received_at` is when its first message came: from then to
-- now is the longest that any of it waited.
create function ingest.add_to_ledger(
  received_at timestamptz, tenant_ids uuid[], received bigint[], stored bigint[], duplicate bigint[], rejected bigint[],
  over_quota bigint[], bytes bigint[]
) returns void
language sql security definer set search_path = '' set timezone = 'UTC'
as $$
  insert into public.ingest_ledger as l
    (tenant_id, minute, received, stored, duplicate, rejected, over_quota, bytes, latency_ms_sum, latency_ms_max)
  select b.tenant_id, date_trunc('minute', received_at), b.received, b.stored, b.duplicate, b.rejected, b.over_quota, b.bytes,
    b.received * w.waited, w.waited
  from unnest(tenant_ids, received, stored, duplicate, rejected, over_quota, bytes)
    as b (tenant_id, received, stored, duplicate, rejected, over_quota, bytes)
  -- Two clocks: ingest's may be a little ahead of the database's.
  cross join (select greatest(extract(epoch from clock_timestamp() - received_at) * 1000, 0)::float8 as waited) as w
  -- In one order, or two writers could each wait for the other.
  order by b.tenant_id
  on conflict (tenant_id, minute) do update set
    received = l.received + excluded.received,
    stored = l.stored + excluded.stored,
    duplicate = l.duplicate + excluded.duplicate,
    rejected = l.rejected + excluded.rejected,
    over_quota = l.over_quota + excluded.over_quota,
    bytes = l.bytes + excluded.bytes,
    latency_ms_sum = l.latency_ms_sum + excluded.latency_ms_sum,
    latency_ms_max = greatest(l.latency_ms_max, excluded.latency_ms_max);
  insert into ingest.usage_due (day)
  select received_at::date where received_at < now() - interval '1 hour'
  on conflict do nothing;
$$;
-- For the version before this one, which does not know of bytes.
create or replace function ingest.add_to_ledger(
  received_at timestamptz, tenant_ids uuid[], received bigint[], stored bigint[], duplicate bigint[], rejected bigint[],
  over_quota bigint[]
) returns void
language sql security definer set search_path = ''
as $$
  select ingest.add_to_ledger(received_at, tenant_ids, received, stored, duplicate, rejected, over_quota,
    array_fill(0::bigint, array[cardinality(tenant_ids)]));
$$;

-- As before, and the bytes of the new ones' payloads.
drop function ingest.insert_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[]);
create function ingest.insert_readings(
  tenant_ids uuid[], device_ids uuid[], times timestamptz[], message_ids text[], receipts timestamptz[], payloads text[]
) returns table (tenant_id uuid, stored bigint, bytes bigint)
language sql security definer set search_path = ''
as $$
  with fresh as materialized (
    insert into public.telemetry as t (tenant_id, device_id, ts, message_id, received_at, payload)
    select r.tenant_id, r.device_id, r.ts, r.message_id, r.received_at, r.payload::jsonb
    from unnest(tenant_ids, device_ids, times, message_ids, receipts, payloads)
      as r (tenant_id, device_id, ts, message_id, received_at, payload)
    on conflict do nothing
    returning t.device_id, t.ts, t.message_id
  ), offered as (
    -- Of the same reading twice, one; nearly always all are new, and nothing is to be compared.
    select r.tenant_id, octet_length(r.payload) as bytes
    from unnest(tenant_ids, payloads) as r (tenant_id, payload)
    where (select count(*) from fresh) = cardinality(device_ids)
    union all
    (select distinct on (r.device_id, r.ts, r.message_id) r.tenant_id, octet_length(r.payload)
    from unnest(tenant_ids, device_ids, times, message_ids, payloads) with ordinality
      as r (tenant_id, device_id, ts, message_id, payload, place)
    join fresh as f using (device_id, ts, message_id)
    where (select count(*) from fresh) < cardinality(device_ids)
    order by r.device_id, r.ts, r.message_id, r.place)
  )
  select o.tenant_id, count(*), sum(o.bytes)::bigint from offered as o group by o.tenant_id
$$;

-- Counts a day of these tenants. What was counted stays, also when its rows have been removed since: a number only grows.
create function ingest.count_usage_of(tenants uuid[], day date) returns void
language sql security definer set search_path = '' set timezone = 'UTC'
as $$
  insert into public.usage_days as u (tenant_id, day, readings, bytes, over_quota, letters, alerts, notifications, commands)
  select t.id, count_usage_of.day, l.readings, l.bytes, l.over_quota, k.letters + g.letters, a.alerts, n.notifications, c.commands
  from public.tenants as t
  cross join (select count_usage_of.day::timestamptz as low, (count_usage_of.day + 1)::timestamptz as high) as d
  cross join lateral (
    select coalesce(sum(m.stored), 0) as readings, coalesce(sum(m.bytes), 0) as bytes, coalesce(sum(m.over_quota), 0) as over_quota
    from public.ingest_ledger as m where m.tenant_id = t.id and m.minute >= d.low and m.minute < d.high
  ) as l
  cross join lateral (
    select count(*) as letters from public.dead_letters as m
    where m.tenant_id = t.id and m.received_at >= d.low and m.received_at < d.high
  ) as k
  cross join lateral (
    select coalesce(sum(m.not_kept + m.removed), 0) as letters from public.dead_letter_counts as m
    where m.tenant_id = t.id and m.hour >= d.low and m.hour < d.high
  ) as g
  cross join lateral (
    select count(*) as alerts from public.alerts as m where m.tenant_id = t.id and m.opened_at >= d.low and m.opened_at < d.high
  ) as a
  cross join lateral (
    select count(*) as notifications
    from public.notification_channels as s
    join public.notifications as m on m.tenant_id = s.tenant_id and m.channel_id = s.id
    -- One waits for the end of quiet hours, a digest and the attempts: three days at most.
    where s.tenant_id = t.id and m.state = 'sent' and m.created_at >= d.low - interval '4 days' and m.created_at < d.high
      and m.finished_at >= d.low and m.finished_at < d.high
  ) as n
  cross join lateral (
    select count(*) as commands from public.device_commands as m
    where m.tenant_id = t.id and m.requested_at >= d.low and m.requested_at < d.high
  ) as c
  where t.id = any (count_usage_of.tenants)
    and l.readings + l.over_quota + k.letters + g.letters + a.alerts + n.notifications + c.commands > 0
  order by t.id
  on conflict (tenant_id, day) do update set
    readings = greatest(u.readings, excluded.readings),
    bytes = greatest(u.bytes, excluded.bytes),
    over_quota = greatest(u.over_quota, excluded.over_quota),
    letters = greatest(u.letters, excluded.letters),
    alerts = greatest(u.alerts, excluded.alerts),
    notifications = greatest(u.notifications, excluded.notifications),
    commands = greatest(u.commands, excluded.commands)
  where (u.readings, u.bytes, u.over_quota, u.letters, u.alerts, u.notifications, u.commands)
    is distinct from (excluded.readings, excluded.bytes, excluded.over_quota, excluded.letters, excluded.alerts, excluded.notifications,
      excluded.commands);
$$;

-- One step: counts at most `most` tenants' days, and says whether there is more. A round begins with the first step after the last one's
-- end. It may be left at any step: the next call goes on.
create function ingest.count_usage(most int) returns boolean
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  progress ingest.usage_progress;
  late date;
  counted uuid[];
begin
  if (most between 1 and 1000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 1000.';
  end if;
  -- Two runs take turns.
  select * into strict progress from ingest.usage_progress for update;
  if progress.began_at is null then
    progress.began_at := clock_timestamp();
    with taken as (delete from ingest.usage_due as d returning d.day)
    select min(t.day) into late from taken as t;
    -- What was received in the two hours before may have been committed later, without being late.
    progress.day := greatest(least((progress.counted_until - interval '2 hours')::date, late, current_date), current_date - 29);
    progress.after_tenant := '00000000-0000-0000-0000-000000000000';
  end if;
  counted := array(
    select t.id from public.tenants as t where t.id > progress.after_tenant order by t.id limit most);
  if cardinality(counted) > 0 then
    perform ingest.count_usage_of(counted, progress.day);
    progress.after_tenant := counted[cardinality(counted)];
  elsif progress.day < progress.began_at::date then
    progress.day := progress.day + 1;
    progress.after_tenant := '00000000-0000-0000-0000-000000000000';
  else
    -- A clock that was set back must not make it wait.
    progress.counted_until := least(progress.began_at, clock_timestamp());
    progress.began_at := null;
    insert into ingest.database_sizes as s (day, bytes) values (current_date, pg_database_size(current_database()))
    on conflict (day) do update set bytes = excluded.bytes;
    delete from ingest.database_sizes as s where s.day < date_trunc('month', now()) - interval '25 months';
    delete from public.usage_days as u where (u.tenant_id, u.day) in (
      select o.tenant_id, o.day from public.usage_days as o
      where o.day < (date_trunc('month', now()) - interval '25 months')::date order by o.day limit most * 10);
  end if;
  update ingest.usage_progress as p
  set counted_until = progress.counted_until, began_at = progress.began_at, day = progress.day, after_tenant = progress.after_tenant;
  return progress.began_at is not null;
end
$$;

-- Whether the database takes no writes, because it is full or is failing over. For the dashboard, also of people who are not signed in.
-- Not transaction_read_only: the API reads in read-only transactions.
create function public.read_only() returns boolean
language sql stable set search_path = ''
as $$
  select current_setting('default_transaction_read_only') = 'on' or pg_is_in_recovery();
$$;

-- For health and metrics. Growth: bytes a day, since the size of up to seven days ago.
create function ingest.usage_figures() returns jsonb
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'database_read_only', public.read_only()::int,
    'usage_counted_age_seconds', (select extract(epoch from clock_timestamp() - p.counted_until) from ingest.usage_progress as p),
    'database_growth_bytes_per_day', (
      select (pg_database_size(current_database()) - s.bytes) / (current_date - s.day)
      from ingest.database_sizes as s where s.day between current_date - 7 and current_date - 1 order by s.day limit 1)));
$$;

revoke all on function
  ingest.add_to_ledger(timestamptz, uuid[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]),
  ingest.insert_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[]),
  ingest.count_usage_of(uuid[], date), ingest.count_usage(int), public.read_only(), ingest.usage_figures()
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.add_to_ledger(timestamptz, uuid[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]),
  ingest.insert_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[]),
  ingest.count_usage(int), ingest.usage_figures()
  to mqtt_ingest;
grant execute on function public.read_only() to anon, authenticated;
