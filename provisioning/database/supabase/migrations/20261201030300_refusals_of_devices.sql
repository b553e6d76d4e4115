-- What the broker refused a device last is kept for each reason: a wrong key tried once must not hide what the device does all day.

-- squawk-ignore ban-drop-constraint, adding-serial-primary-key-field, constraint-missing-not-valid
alter table public.device_refusals drop constraint device_refusals_pkey, add primary key (tenant_id, device_id, reason);
comment on table public.device_refusals is 'When the broker last refused a device something, by reason.';

-- Takes what the gate tells: [{"tenant": slug, "since": ms, "counts": {reason: number}, "devices": {slug: [reason, ms]}}], a tenant once.
create or replace function ingest.add_refusals(told jsonb) returns void
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
    on conflict (tenant_id, device_id, reason) do update set refused_at = excluded.refused_at
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
