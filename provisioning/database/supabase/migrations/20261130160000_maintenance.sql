-- Maintenance that an operator announces: it has an end, the dashboard shows it to everybody, and messages about alerts wait meanwhile.

-- A row a period, kept as the record of who announced what. One is in force at most.
create table access.maintenance (
  id bigint generated always as identity primary key,
  -- What people read on the dashboard.
  reason text not null check (reason ~ '^[^[:cntrl:]]{1,200}$'),
  started_at timestamptz not null default clock_timestamp(),
  -- Longer ones are announced again: nobody is to forget that alerts are silent.
  ends_at timestamptz not null check (ends_at >= started_at and ends_at <= started_at + interval '24 hours'),
  -- The operator's name on their computer, and the database's login.
  started_by text not null check (started_by ~ '^[^[:cntrl:]]{1,100}$'),
  login text not null default session_user,
  -- Null: it went on until its end.
  ended_by text check (ended_by ~ '^[^[:cntrl:]]{1,100}$')
);
alter table access.maintenance enable row level security;
alter table access.maintenance force row level security;
revoke all on access.maintenance from public, anon, authenticated, service_role;
comment on table access.maintenance is 'Announced by `ops maintenance`. Not changed by hand.';

-- Whether an announced maintenance is in force. Who sends messages about alerts asks it first.
create function access.in_maintenance() returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (select from access.maintenance as m where m.started_at <= clock_timestamp() and m.ends_at > clock_timestamp());
$$;

-- For the dashboard: why, and until when; no row outside a maintenance. Also for people who are not signed in, because signing in may
-- be what does not work.
create function public.maintenance() returns table (reason text, ends_at timestamptz)
language sql stable security definer set search_path = ''
as $$
  select m.reason, m.ends_at from access.maintenance as m
  where m.started_at <= clock_timestamp() and m.ends_at > clock_timestamp()
  order by m.id desc limit 1;
$$;

-- Announces one from now on; one that is in force ends.
create function access.begin_maintenance(reason text, minutes int, by text) returns timestamptz
language plpgsql security definer set search_path = ''
as $$
declare
  until timestamptz;
begin
  if minutes is null or minutes not between 1 and 1440 then
    raise exception 'a maintenance of % minutes: give 1 to 1440, and announce a longer one again', coalesce(minutes::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  perform access.end_maintenance(by);
  insert into access.maintenance (reason, ends_at, started_by)
  values (begin_maintenance.reason, clock_timestamp() + make_interval(mins => minutes), by) returning ends_at into until;
  return until;
end
$$;

-- Ends the one in force. False: there was none.
create function access.end_maintenance(by text) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  -- Two operators at once take turns.
  lock table access.maintenance in share row exclusive mode;
  update access.maintenance as m set ends_at = greatest(clock_timestamp(), m.started_at), ended_by = by
  where m.ends_at > clock_timestamp();
  return found;
end
$$;

-- 1 during a maintenance.
create function ingest.operator_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('maintenance', access.in_maintenance()::int);
$$;

revoke all on function access.in_maintenance(), access.begin_maintenance(text, int, text), access.end_maintenance(text),
  public.maintenance(), ingest.operator_figures() from public, anon, authenticated, service_role;
grant execute on function public.maintenance() to anon, authenticated;
grant usage on schema access to mqtt_ingest;
grant execute on function access.in_maintenance(), ingest.operator_figures() to mqtt_ingest;
