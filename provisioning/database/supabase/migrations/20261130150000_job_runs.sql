-- When each periodic job last ran, and when it last succeeded: what the Function App's run goes by, and those who watch it.

create table ingest.job_runs (
  name text primary key check (name ~ '^[a-z][a-z_]{0,59}$'),
  started_at timestamptz not null,
  finished_at timestamptz,
  ok boolean,
  succeeded_at timestamptz,
  -- A job that never succeeded is late since then.
  known_since timestamptz not null default clock_timestamp(),
  -- Of a run that must be alone: begin_run.
  held_until timestamptz not null default '-infinity'
);
alter table ingest.job_runs enable row level security;
alter table ingest.job_runs force row level security;
revoke all on ingest.job_runs from public, anon, authenticated, service_role;

-- True for one caller at a time, and at most every 20 seconds, until note_run or for `ms`. A time after now is of a clock that has been
-- set back since, and does not count.
create function ingest.begin_run(run_name text, ms int) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  if ms is null or ms not between 1 and 3600000 then
    raise exception 'ms is %, it must be 1 to 3600000', ms using errcode = 'invalid_parameter_value';
  end if;
  insert into ingest.job_runs as j (name, started_at, held_until)
  values (run_name, clock_timestamp(), clock_timestamp() + ms * interval '1 ms')
  on conflict (name) do update set started_at = excluded.started_at, held_until = excluded.held_until
  where j.held_until <= clock_timestamp() and j.started_at <= clock_timestamp() - interval '20 seconds'
    or j.started_at > clock_timestamp() + interval '1 minute';
  return found;
end
$$;

-- Notes the end of a run that took `ms`. A job that ends every few seconds as before is noted three times a minute.
create function ingest.note_run(run_name text, ms int, went_well boolean) returns void
language sql security definer set search_path = ''
as $$
  insert into ingest.job_runs as j (name, started_at, finished_at, ok, succeeded_at)
  select run_name, t.ended - ms * interval '1 ms', t.ended, went_well, case when went_well then t.ended end
  from (select clock_timestamp() as ended) as t
  on conflict (name) do update set started_at = excluded.started_at, finished_at = excluded.finished_at, ok = excluded.ok,
    succeeded_at = coalesce(excluded.succeeded_at, j.succeeded_at), held_until = '-infinity'
  where j.held_until > '-infinity' or j.ok is distinct from excluded.ok
    or j.finished_at not between excluded.finished_at - interval '20 seconds' and excluded.finished_at;
$$;

-- Milliseconds since each began last; one that never ended is left out.
create function ingest.last_runs() returns table (name text, ms float8)
language sql stable security definer set search_path = ''
as $$
  select j.name, extract(epoch from clock_timestamp() - j.started_at) * 1000
  from ingest.job_runs as j
  where j.finished_at is not null and j.started_at <= clock_timestamp() + interval '1 minute';
$$;

-- For health and metrics: name and labels of each figure, and its value. A worker has no run of every minute.
create function ingest.jobs_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_object_agg(
    format('job_last_success_age_seconds{job="%s"}', j.name),
    greatest(0, extract(epoch from clock_timestamp() - coalesce(j.succeeded_at, j.known_since)))), '{}')
  from ingest.job_runs as j
  where j.name <> 'every_minute';
$$;

revoke execute on function ingest.begin_run(text, int), ingest.note_run(text, int, boolean), ingest.last_runs(),
  ingest.jobs_figures() from public;
grant execute on function ingest.begin_run(text, int), ingest.note_run(text, int, boolean), ingest.last_runs(),
  ingest.jobs_figures() to mqtt_ingest;

-- When each timer of the Function App ran last, for the machine, which calls one that is late. Null: never.
create view broker.heartbeats as
select 'mqtt_ingest' as name, max(l.seen_at) as ran_at from ingest.leases as l
union all
select 'every_minute', max(j.started_at) from ingest.job_runs as j where j.name = 'every_minute';
comment on view broker.heartbeats is 'When the timers ran last. Reads leases and runs with its owner''s rights.';
revoke all on broker.heartbeats from public, anon, authenticated, service_role;
grant select on broker.heartbeats to broker_sync;
