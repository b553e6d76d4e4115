-- Old readings have a partition of their own. In the default partition they would be read through, under a lock that keeps inserts
-- waiting, whenever a day's partition is made; devices whose clock was never set send readings of the year 2000.

-- Everything before the days whose partitions ensure_telemetry_partitions makes (60 days back), and before those that there are.
do $$
declare
  high constant timestamptz := least(
    ((now() at time zone 'UTC')::date - 60)::timestamp at time zone 'UTC',
    (select min(to_date(substr(c.relname, 11), 'YYYYMMDD'))::timestamp at time zone 'UTC'
     from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '^telemetry_[0-9]{8}$'));
begin
  create table ingest.telemetry_before (like public.telemetry including defaults including constraints including indexes);
  alter table ingest.telemetry_before enable row level security;
  alter table ingest.telemetry_before force row level security;
  revoke all on ingest.telemetry_before from public, anon, authenticated, service_role;
  lock table ingest.telemetry_default in access exclusive mode;
  with moved as (delete from ingest.telemetry_default as d where d.ts < high returning *)
  insert into ingest.telemetry_before select * from moved;
  execute format('alter table public.telemetry attach partition ingest.telemetry_before for values from (minvalue) to (%L)', high);
end
$$;
comment on table ingest.telemetry_before is
  'Readings of a time long before the platform: a wrong clock, or a history. Never read through when a partition is made.';
comment on table ingest.telemetry_default is
  'Readings whose day has no partition yet: late ones. ingest.ensure_telemetry_partitions() empties it.';
