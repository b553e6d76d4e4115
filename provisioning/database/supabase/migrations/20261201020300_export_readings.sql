-- What a CSV of a chart holds: the fields' exact values, as text, of one device in a span, oldest first, 1,000 readings at most. The next
-- ones: `since` is the last row's ts, `after` its message_id. A field is a member of the payload, or the path to one, such as a.b. Reads as
-- the user who asks.
create function public.export_readings(
  device_id uuid, fields text[], since timestamptz, until timestamptz, after text default null
) returns table (ts timestamptz, message_id text, cells text[])
language sql stable set search_path = ''
as $$
  select t.ts, t.message_id, array(
    select coalesce(t.payload ->> f.name, t.payload #>> string_to_array(f.name, '.'))
    from unnest(export_readings.fields[1:20]) with ordinality as f (name, n) order by f.n)
  from public.telemetry as t
  where t.tenant_id = (select d.tenant_id from public.devices as d where d.id = export_readings.device_id)
    and t.device_id = export_readings.device_id
    and t.ts >= export_readings.since and t.ts < export_readings.until
    and (export_readings.after is null or (t.ts, t.message_id) > (export_readings.since, export_readings.after))
  order by t.ts, t.message_id limit 1000;
$$;
revoke all on function public.export_readings(uuid, text[], timestamptz, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.export_readings(uuid, text[], timestamptz, timestamptz, text) to authenticated;
