-- What ingest needs to carry out redrives that people ask for in the dashboard. Its role may still read neither dead
-- letters nor telemetry: these functions give it one letter that is due, and nothing else.

-- The letters that are due, longest waiting first.
create function ingest.requested_redrives(most int) returns setof bigint
language sql stable security definer set search_path = ''
as $$
  select id from public.dead_letters
  where redrive_requested_at is not null and redriven_at is null
  order by redrive_requested_at, id
  limit least(most, 1000);
$$;

-- Locks a letter that is due until the transaction ends, and returns it; nothing when another redrive has it.
create function ingest.take_dead_letter(letter_id bigint)
returns table (topic text, payload bytea, content_type text, properties jsonb, received_at timestamptz)
language sql security definer set search_path = ''
as $$
  select l.topic, l.payload, l.content_type, l.properties, l.received_at from public.dead_letters as l
  where l.id = letter_id and l.redriven_at is null and l.redrive_requested_at is not null
  for update skip locked;
$$;

-- Which of these readings without a timestamp of their own are in the table, received around `received`.
create function ingest.stored_untimed(
  of_tenant uuid, of_device uuid, message_ids text[], received timestamptz, near interval
) returns setof text
language sql stable security definer set search_path = ''
as $$
  select distinct t.message_id from public.telemetry as t
  where t.tenant_id = of_tenant and t.device_id = of_device and t.message_id = any (message_ids)
    and t.ts between received - near and received + near;
$$;

-- Closes a letter: it became a row, or was one already.
create function ingest.close_dead_letter(letter_id bigint, became text) returns void
language sql security definer set search_path = ''
as $$
  update public.dead_letters set redriven_at = now(), redriven_as = became where id = letter_id and redriven_at is null;
$$;

-- The letter is refused as before, or for a new reason: it stays, and may be asked for again.
create function ingest.refuse_redrive(letter_id bigint, new_reason text, new_detail text) returns void
language sql security definer set search_path = ''
as $$
  update public.dead_letters set redrive_requested_at = null, reason = new_reason, detail = new_detail
  where id = letter_id and redriven_at is null;
$$;

revoke all on function
  ingest.requested_redrives(int),
  ingest.take_dead_letter(bigint),
  ingest.stored_untimed(uuid, uuid, text[], timestamptz, interval),
  ingest.close_dead_letter(bigint, text),
  ingest.refuse_redrive(bigint, text, text)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.requested_redrives(int),
  ingest.take_dead_letter(bigint),
  ingest.stored_untimed(uuid, uuid, text[], timestamptz, interval),
  ingest.close_dead_letter(bigint, text),
  ingest.refuse_redrive(bigint, text, text)
  to mqtt_ingest;
