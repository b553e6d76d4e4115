-- A tenant's reader asks for charts as people do, from roll-ups where the range is long. In a file of its own: the roll-ups are newer than the
-- readers.

grant select on public.telemetry_rollups to tenant_reader;
create policy readers_select on public.telemetry_rollups for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
grant execute on function public.device_chart(uuid, text, timestamptz, timestamptz, int),
  access.number_of(jsonb, text), access.number_below(jsonb, text), access.as_number(jsonb) to tenant_reader;
