-- What alerts and the health page need to know besides: one call, a constant number of small reads whatever the number of readings.

-- Refusals of the broker since this column was made: public.refusals loses its old hours, and a counter must not go back.
alter table ingest.totals add column refused bigint not null default 0;

create function ingest.add_to_refused() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    update ingest.totals as t set refused = t.refused + d.times
    from (select sum(a.times) as times from added as a) as d
    where t.slot = pg_backend_pid() % 16 and d.times is not null;
  else
    update ingest.totals as t set refused = t.refused + d.times
    from (select sum(n.times - o.times) as times from added as n join removed as o using (tenant_id, hour, reason)) as d
    where t.slot = pg_backend_pid() % 16 and d.times is not null;
  end if;
  return null;
end
$$;
create trigger add_to_totals after insert on public.refusals referencing new table as added
  for each statement execute function ingest.add_to_refused();
create trigger change_totals after update on public.refusals referencing new table as added old table as removed
  for each statement execute function ingest.add_to_refused();
revoke execute on function ingest.add_to_refused() from public;

-- Of ingest itself. `ingest_lag_seconds`: how far behind the newest message is that went through broker, queue and table.
create function ingest.ingest_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'ingest_lag_seconds', (select extract(epoch from clock_timestamp() - max(c.came_at)) from ingest.canaries as c),
    'dead_letters', (select coalesce(sum(u.letters), 0) from ingest.dead_letter_use as u),
    'refusals_total', (select sum(t.refused) from ingest.totals as t),
    'readings_residual', (select sum(t.received - t.stored - t.duplicate - t.rejected - t.over_quota) from ingest.totals as t)));
$$;

-- As before, and `figures`: what every function `ingest.<part>_figures() returns jsonb` says, flat, a name without its prefix to a
-- number. A part that fails leaves its figures out, not those of the others.
drop function ingest.platform_figures();
create function ingest.platform_figures()
returns table (last_run_at timestamptz, asked_at timestamptz, received bigint, stored bigint, duplicate bigint, rejected bigint,
  over_quota bigint, database_bytes bigint, devices bigint, figures jsonb)
language plpgsql stable security definer set search_path = ''
as $$
declare
  part regproc;
  own jsonb;
begin
  select (select max(l.seen_at) from ingest.leases as l), clock_timestamp(), sum(t.received)::bigint, sum(t.stored)::bigint,
    sum(t.duplicate)::bigint, sum(t.rejected)::bigint, sum(t.over_quota)::bigint, pg_database_size(current_database()),
    (select count(*) from public.devices as d where d.enabled), '{}'::jsonb
  into last_run_at, asked_at, received, stored, duplicate, rejected, over_quota, database_bytes, devices, figures
  from ingest.totals as t;
  for part in
    select p.oid::regproc from pg_catalog.pg_proc as p
    where p.pronamespace = 'ingest'::regnamespace and p.proname like '%\_figures' and p.pronargs = 0
      and p.prorettype = 'jsonb'::regtype
    order by p.proname
  loop
    begin
      execute format('select %s()', part) into own;
      figures := figures || coalesce(jsonb_strip_nulls(own), '{}');
    exception when others then
      raise warning '% has no figures: %', part, sqlerrm;
    end;
  end loop;
  return next;
end
$$;
revoke execute on function ingest.ingest_figures(), ingest.platform_figures() from public;
grant execute on function ingest.ingest_figures(), ingest.platform_figures() to mqtt_ingest;
