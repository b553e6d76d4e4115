-- Whether ingest and the control loop are alive: each says itself until when it will be heard again, because a worker is heard every second
-- and the Function App's timers every minute.

create table ingest.beats (
  part text primary key check (part in ('ingest', 'control')),
  -- From then on it is late.
  late_at timestamptz not null
) with (fillfactor = 50); -- Each row is updated every second.
alter table ingest.beats enable row level security;
alter table ingest.beats force row level security;
revoke all on ingest.beats from public, anon, authenticated, service_role;

-- These parts are alive, and will say so again within so many seconds.
create function ingest.beat(parts text[], seconds int) returns void
language sql security definer set search_path = ''
as $$
  insert into ingest.beats (part, late_at)
  select p, clock_timestamp() + make_interval(secs => least(seconds, 3600)) from unnest(parts) as p order by p
  on conflict (part) do update set late_at = excluded.late_at;
$$;

-- For health and metrics: for how many seconds each part has been late; less than 0 while it is not.
create function ingest.beats_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_object_agg(format('late_seconds{part="%s"}', b.part), extract(epoch from clock_timestamp() - b.late_at)), '{}')
  from ingest.beats as b;
$$;

revoke all on function ingest.beat(text[], int), ingest.beats_figures() from public, anon, authenticated, service_role;
grant execute on function ingest.beat(text[], int), ingest.beats_figures() to mqtt_ingest;
