-- What the list of devices shows of each: its state, and the three fields that came last. The whole of `fields` is up to 8 KiB a device.
create view public.device_newest with (security_invoker = true) as
select s.tenant_id, s.device_id, s.last_received_at, s.gaps, s.clock_skew, coalesce(n.newest, '[]') as newest
from public.device_status as s
cross join lateral (
  -- [["temperature", 21.5], …], the newest first. `id` and `ts` are the message's, and no measurement.
  select jsonb_agg(jsonb_build_array(f.key, f.value -> 0) order by f.value -> 2 desc, f.key) as newest
  from (
    select e.key, e.value from jsonb_each(s.fields) as e
    where e.key <> all ('{id,ts}') order by e.value -> 2 desc, e.key limit 3
  ) as f
) as n;
revoke all on public.device_newest from public, anon, authenticated, service_role;
grant select on public.device_newest to authenticated, service_role;

-- Ingest keeps dead letters by ingest.keep_dead_letters, within their tenant's quota: it needs no right to insert them past it.
revoke insert on public.dead_letters from mqtt_ingest;
