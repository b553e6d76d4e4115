-- What one tenant may send: bounds on each message, a rate and a daily quota. No row, or a null, means the default.

create table public.tenant_limits (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  -- Bounds on a message: DEFAULT_LIMITS in domain/messages-limits.ts is the default, and the widest.
  max_payload_bytes int check (max_payload_bytes between 2 and 131072),
  max_depth int check (max_depth between 1 and 32),
  max_ahead_seconds int check (max_ahead_seconds between 0 and 86400),
  max_age_seconds bigint check (max_age_seconds between 1 and 3155760000),
  -- Readings stored. Default: no bound.
  readings_per_minute int check (readings_per_minute > 0),
  -- How many minutes' worth may come at once after a silence. Not one minute: what waited on the broker while ingest or
  -- the database was away comes at once, and was acknowledged to the device.
  burst_minutes int not null default 60 check (burst_minutes between 1 and 10080),
  -- A day of UTC; 0 stores nothing.
  readings_per_day bigint check (readings_per_day >= 0)
);
comment on table public.tenant_limits is 'What one tenant may send. In force within a minute; the rate and the quota at once.';

alter table public.tenant_limits enable row level security;
alter table public.tenant_limits force row level security;
revoke all on public.tenant_limits from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.tenant_limits to service_role;
create policy service_role_all on public.tenant_limits for all to service_role using (true) with check (true);

create or replace view ingest.registered_devices as
select t.slug as tenant_slug, d.slug as device_slug, d.tenant_id, d.id as device_id, d.enabled,
  l.max_payload_bytes, l.max_depth, l.max_ahead_seconds, l.max_age_seconds,
  (l.readings_per_minute is not null or l.readings_per_day is not null) is true as metered
from public.devices as d
join public.tenants as t on t.id = d.tenant_id
left join public.tenant_limits as l on l.tenant_id = d.tenant_id;

-- What a metered tenant has left: a bucket of tokens that fills at its rate, and what it stored today.
create table ingest.quota_use (
  tenant_id uuid primary key,
  -- Null: never limited by rate so far, the bucket is full.
  tokens double precision,
  filled_at timestamptz not null,
  day date not null,
  stored bigint not null
) with (fillfactor = 50);

-- How many readings each tenant may still store; a tenant without rate and quota is left out. Locks what it reads until
-- the transaction ends, so that two writers never spend the same token.
create function ingest.quota_left(tenant_ids uuid[]) returns table (tenant_id uuid, readings bigint)
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  insert into ingest.quota_use (tenant_id, filled_at, day, stored)
  select l.tenant_id, clock_timestamp(), current_date, 0 from public.tenant_limits as l
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
    stored = case when u.day = (clock_timestamp() at time zone 'UTC')::date then u.stored else 0 end
  from public.tenant_limits as l
  where l.tenant_id = u.tenant_id and u.tenant_id = any (tenant_ids)
    and (l.readings_per_minute is not null or l.readings_per_day is not null)
  returning u.tenant_id, greatest(least(floor(u.tokens)::bigint, l.readings_per_day - u.stored), 0);
end
$$;

-- Takes what was stored off what is left. Call it in the transaction that asked quota_left.
create function ingest.spend_quota(tenant_ids uuid[], spent_readings bigint[]) returns void
language sql security definer set search_path = ''
as $$
  update ingest.quota_use as u
  set tokens = u.tokens - spent.readings, stored = u.stored + spent.readings
  from unnest(tenant_ids, spent_readings) as spent (tenant_id, readings)
  where u.tenant_id = spent.tenant_id;
$$;

revoke all on ingest.quota_use from public, anon, authenticated, service_role;
revoke all on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[])
  from public, anon, authenticated, service_role;
grant execute on function ingest.quota_left(uuid[]), ingest.spend_quota(uuid[], bigint[]) to mqtt_ingest;
