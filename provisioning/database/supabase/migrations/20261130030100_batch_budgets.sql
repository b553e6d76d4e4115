-- What ingest asks of the database for a batch is a bounded number of statements, whatever the batch holds.

-- Inserts readings of any number of tenants, leaves out those that are there already, and returns how many are new of each
-- tenant. With its owner's rights, because counting them needs SELECT, which ingest's role does not have.
create function ingest.insert_readings(
  tenant_ids uuid[], device_ids uuid[], times timestamptz[], message_ids text[], receipts timestamptz[], payloads text[]
) returns table (tenant_id uuid, stored bigint)
language sql security definer set search_path = ''
as $$
  with fresh as (
    insert into public.telemetry as t (tenant_id, device_id, ts, message_id, received_at, payload)
    select r.tenant_id, r.device_id, r.ts, r.message_id, r.received_at, r.payload::jsonb
    from unnest(tenant_ids, device_ids, times, message_ids, receipts, payloads)
      as r (tenant_id, device_id, ts, message_id, received_at, payload)
    on conflict do nothing
    returning t.tenant_id
  )
  select f.tenant_id, count(*) from fresh as f group by f.tenant_id
$$;

-- Which of these readings the table refuses, each tried alone, and with what error. Nothing of them stays stored. Errors that
-- no reading is to blame for, such as a lock that is not granted, are raised.
create function ingest.refused_readings(
  tenant_ids uuid[], device_ids uuid[], times timestamptz[], message_ids text[], receipts timestamptz[], payloads text[]
) returns table (place bigint, code text, message text)
language plpgsql set search_path = ''
as $$
declare
  reading record;
begin
  for reading in
    select * from unnest(tenant_ids, device_ids, times, message_ids, receipts, payloads)
      with ordinality as r (tenant_id, device_id, ts, message_id, received_at, payload, place)
  loop
    begin
      insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
      values (reading.tenant_id, reading.device_id, reading.ts, reading.message_id, reading.received_at, reading.payload::jsonb)
      on conflict do nothing;
      raise exception using errcode = 'MS002';
    exception
      when sqlstate 'MS002' then
        null; -- It would be stored; what was inserted is undone.
      when others then
        -- BY_CLASS in functions/database/sqlstate.ts says which errors are the data's; 23514 without a name is a partition's.
        get stacked diagnostics message = message_text, code = constraint_name;
        if (left(sqlstate, 2) in ('21', '22', '23', '44', '54') or sqlstate = 'P0001') and (sqlstate <> '23514' or code <> '') then
          place := reading.place;
          code := sqlstate;
          return next;
        else
          raise;
        end if;
    end;
  end loop;
end
$$;

revoke all on function
  ingest.insert_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[]),
  ingest.refused_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[])
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.insert_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[]),
  ingest.refused_readings(uuid[], uuid[], timestamptz[], text[], timestamptz[], text[])
  to mqtt_ingest;
