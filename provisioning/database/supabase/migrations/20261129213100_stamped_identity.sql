-- What ingest asks about messages that the broker's gate has stamped. Their row has the time and the number of the stamp in its key,
-- so a redelivery needs no table of its own; rows that are stored already keep their ids.

-- The newest reading that each device had stored before a given one, when it came less than `windows` milliseconds earlier. The
-- arrays side by side. In PL/pgSQL, which keeps the plan: making one for all partitions takes longer than reading these rows.
create function ingest.previous_readings(
  tenants uuid[], devices uuid[], times timestamptz[], message_ids text[], windows int[]
) returns table (device uuid, message text, received_at timestamptz)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  select w.device, p.message_id, p.received_at
  from unnest(tenants, devices, times, message_ids, windows) as w (tenant, device, ts, message_id, ms)
  cross join lateral (
    select t.message_id, t.received_at from public.telemetry as t
    where t.tenant_id = w.tenant and t.device_id = w.device
      and t.ts > w.ts - w.ms * interval '1 millisecond' and t.ts <= w.ts and (t.ts, t.message_id) < (w.ts, w.message_id)
    order by t.ts desc, t.message_id desc limit 1
  ) as p;
end
$$;

-- Which of these contents a device has stored, received around `received`: a message id begins with its content.
create function ingest.stored_contents(
  of_tenant uuid, of_device uuid, contents text[], received timestamptz, near interval
) returns setof text
language sql stable security definer set search_path = ''
as $$
  select distinct left(t.message_id, 22) from public.telemetry as t
  where t.tenant_id = of_tenant and t.device_id = of_device and left(t.message_id, 22) = any (contents)
    and t.ts between received - near and received + near;
$$;

revoke all on function
  ingest.previous_readings(uuid[], uuid[], timestamptz[], text[], int[]),
  ingest.stored_contents(uuid, uuid, text[], timestamptz, interval)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.previous_readings(uuid[], uuid[], timestamptz[], text[], int[]),
  ingest.stored_contents(uuid, uuid, text[], timestamptz, interval)
  to mqtt_ingest;

comment on table ingest.untimed is
  'Messages that neither their device nor the broker''s gate dates. A message id without a time is recognised here, too.';
comment on table ingest.untimed_repeats is 'Not written to any more: ingest before the broker''s gate used it.';
