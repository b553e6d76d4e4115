-- What the broker's gate refuses of a tenant's clients, by reason and hour, and each device's last refusal.

create table public.refusals (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  -- In which ingest heard of it: at most some seconds, with a timer a minute, after it happened.
  hour timestamptz not null,
  -- The gate's word for it: domain/refusals.ts.
  reason text not null check (octet_length(reason) between 1 and 32),
  times bigint not null check (times > 0),
  primary key (tenant_id, hour, reason)
);
create index refusals_hour on public.refusals (hour);
comment on table public.refusals is 'What the broker refused of a tenant''s clients, by reason and hour.';

create table public.device_refusals (
  tenant_id uuid not null,
  device_id uuid not null,
  reason text not null check (octet_length(reason) between 1 and 32),
  refused_at timestamptz not null,
  primary key (tenant_id, device_id),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
);
comment on table public.device_refusals is 'The last thing that the broker refused a device.';

-- The gate's counters begin at 0 when the broker starts, and when a tenant's first device comes: `since`. Only what a counter has grown
-- beyond what is kept here is added, so that it does not matter how often one and the same is told.
create table ingest.refusals_told (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  since bigint not null,
  counts jsonb not null
);

alter table public.refusals enable row level security;
alter table public.refusals force row level security;
alter table public.device_refusals enable row level security;
alter table public.device_refusals force row level security;
alter table ingest.refusals_told enable row level security;
alter table ingest.refusals_told force row level security;
revoke all on public.refusals, public.device_refusals, ingest.refusals_told from public, anon, authenticated, service_role;
grant select on public.refusals, public.device_refusals to authenticated, service_role;
create policy members_select on public.refusals for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.device_refusals for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.refusals for select to service_role using (true);
create policy service_role_select on public.device_refusals for select to service_role using (true);

-- Takes what the gate tells: [{"tenant": slug, "since": ms, "counts": {reason: number}, "devices": {slug: [reason, ms]}}], a tenant once.
create function ingest.add_refusals(told jsonb) returns void
language sql security definer set search_path = ''
as $$
  -- Two workers are told the same: the second one must see what the first has added.
  select pg_advisory_xact_lock(hashtextextended('ingest.add_refusals', 0));
  with told as materialized (
    select t.id as tenant_id, (e.value ->> 'since')::bigint as since, e.value -> 'counts' as counts, e.value -> 'devices' as devices
    from jsonb_array_elements(add_refusals.told) as e
    join public.tenants as t on t.slug = e.value ->> 'tenant'
    left join ingest.refusals_told as k on k.tenant_id = t.id
    -- A run begins with all counters, and most have not changed since the last one.
    where k.since is distinct from (e.value ->> 'since')::bigint or k.counts is distinct from e.value -> 'counts'
  ), grown as (
    select n.tenant_id, c.key as reason, c.value::bigint - coalesce((b.counts ->> c.key)::bigint, 0) as times
    from told as n
    cross join jsonb_each_text(n.counts) as c
    left join ingest.refusals_told as b on b.tenant_id = n.tenant_id and b.since = n.since
  ), counted as (
    insert into public.refusals as r (tenant_id, hour, reason, times)
    select g.tenant_id, date_trunc('hour', now()), g.reason, g.times from grown as g where g.times > 0
    on conflict (tenant_id, hour, reason) do update set times = r.times + excluded.times
  ), refused as (
    insert into public.device_refusals as r (tenant_id, device_id, reason, refused_at)
    select d.tenant_id, d.id, e.value ->> 0, to_timestamp((e.value ->> 1)::float8 / 1000)
    from told as n
    cross join jsonb_each(n.devices) as e
    join public.devices as d on d.tenant_id = n.tenant_id and d.slug = e.key
    on conflict (tenant_id, device_id) do update set reason = excluded.reason, refused_at = excluded.refused_at
    where r.refused_at < excluded.refused_at
  )
  insert into ingest.refusals_told as r (tenant_id, since, counts)
  select n.tenant_id, n.since, n.counts from told as n
  on conflict (tenant_id) do update set since = excluded.since, counts = excluded.counts
  -- Counters only grow: smaller ones are told late, and must not make what is known new again.
  where r.since <> excluded.since or not exists (
    select from jsonb_each_text(r.counts) as k where k.value::bigint > coalesce((excluded.counts ->> k.key)::bigint, 0)
  );
$$;
revoke all on function ingest.add_refusals(jsonb) from public, anon, authenticated, service_role;
grant execute on function ingest.add_refusals(jsonb) to mqtt_ingest;
