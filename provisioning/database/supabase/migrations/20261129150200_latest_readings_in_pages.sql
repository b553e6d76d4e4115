-- The newest reading of each device, a page at a time: an answer is cut at the API's max rows, and asking again for what
-- was cut read all devices anew.

drop function public.latest_readings(uuid);

-- The newest reading of each device within the last 7 days, by the device's id: of those after `after`, at most `most`.
-- In PL/pgSQL, which keeps the plan: making one for that many partitions takes longer than reading these rows.
create function public.latest_readings(tenant_id uuid, after uuid default null, most int default null)
returns table (device_id uuid, ts timestamptz, received_at timestamptz, payload jsonb)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  select d.id, newest.ts, newest.received_at, newest.payload
  from public.devices as d
  cross join lateral (
    select t.ts, t.received_at, t.payload from public.telemetry as t
    where t.tenant_id = latest_readings.tenant_id and t.device_id = d.id and t.ts > now() - interval '7 days'
    order by t.ts desc limit 1
  ) as newest
  where d.tenant_id = latest_readings.tenant_id and (latest_readings.after is null or d.id > latest_readings.after)
  order by d.id
  limit latest_readings.most;
end
$$;

revoke all on function public.latest_readings(uuid, uuid, int) from public, anon, authenticated, service_role;
grant execute on function public.latest_readings(uuid, uuid, int) to authenticated;
