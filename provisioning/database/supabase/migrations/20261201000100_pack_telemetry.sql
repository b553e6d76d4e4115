-- Smaller readings: while a day's readings come, the pages of its index stay half empty, because many devices write side by side. Once
-- the day is over it is rebuilt with full pages, which saves a sixth of all that a reading takes. `npm run bench -- row-size` measures it.

-- Rebuilds the index of one day that ended at least a day ago, and returns its partition's name; null: none is left. Who writes into that
-- day, or reads it, waits meanwhile: about a second for 100 MB. Larger ones are left to `ops db pack`, for which nobody waits.
-- A day is rebuilt once. That its pages are full is how it is known.
create function ingest.pack_telemetry() returns text
language plpgsql security definer set search_path = '' set timezone = 'UTC' set lock_timeout = '1s'
as $$
declare
  found_one record;
begin
  select p.relname as partition, k.relname as key into found_one
  from pg_catalog.pg_inherits as i
  join pg_catalog.pg_class as p on p.oid = i.inhrelid
  join pg_catalog.pg_index as x on x.indrelid = p.oid and x.indisprimary
  join pg_catalog.pg_class as k on k.oid = x.indexrelid
  where i.inhparent = 'public.telemetry'::regclass and p.relname ~ '^telemetry_[0-9]{8}$'
    and p.relname < to_char(now() - interval '1 day', '"telemetry_"YYYYMMDD')
    and k.reloptions is null and pg_relation_size(k.oid) between 65536 and 104857600
  order by p.relname limit 1;
  if not found then
    return null;
  end if;
  -- In the order in which those who write take them.
  execute format('lock table ingest.%I in share mode', found_one.partition);
  execute format('alter index ingest.%I set (fillfactor = 100)', found_one.key);
  execute format('reindex index ingest.%I', found_one.key);
  return found_one.partition;
end
$$;
revoke all on function ingest.pack_telemetry() from public, anon, authenticated, service_role;
grant execute on function ingest.pack_telemetry() to mqtt_ingest;
