-- What the platform says of itself to those who watch it: one row, cheap with any number of tenants and readings.

-- Readings by what became of them since this table was made: a counter must not go back when old minutes of the ledger are
-- deleted. Several rows, so that workers side by side do not wait for each other's transaction.
create table ingest.totals (
  slot int primary key check (slot between 0 and 15),
  received bigint not null default 0,
  stored bigint not null default 0,
  duplicate bigint not null default 0,
  rejected bigint not null default 0,
  over_quota bigint not null default 0
);
insert into ingest.totals (slot) select generate_series(0, 15);
alter table ingest.totals enable row level security;
alter table ingest.totals force row level security;

-- Adds what a statement changed in the ledger: one row a batch, whatever its tenants.
create function ingest.add_to_totals() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    update ingest.totals as t set received = t.received + d.received, stored = t.stored + d.stored,
      duplicate = t.duplicate + d.duplicate, rejected = t.rejected + d.rejected, over_quota = t.over_quota + d.over_quota
    from (select sum(received) as received, sum(stored) as stored, sum(duplicate) as duplicate, sum(rejected) as rejected,
            sum(over_quota) as over_quota from added) as d
    where t.slot = pg_backend_pid() % 16 and d.received is not null;
  else
    update ingest.totals as t set received = t.received + d.received, stored = t.stored + d.stored,
      duplicate = t.duplicate + d.duplicate, rejected = t.rejected + d.rejected, over_quota = t.over_quota + d.over_quota
    from (select sum(n.received - o.received) as received, sum(n.stored - o.stored) as stored,
            sum(n.duplicate - o.duplicate) as duplicate, sum(n.rejected - o.rejected) as rejected,
            sum(n.over_quota - o.over_quota) as over_quota
          from added as n join removed as o using (tenant_id, minute)) as d
    where t.slot = pg_backend_pid() % 16 and d.received is not null;
  end if;
  return null;
end
$$;
create trigger add_to_totals after insert on public.ingest_ledger referencing new table as added
  for each statement execute function ingest.add_to_totals();
create trigger change_totals after update on public.ingest_ledger referencing new table as added old table as removed
  for each statement execute function ingest.add_to_totals();
revoke execute on function ingest.add_to_totals() from public;

-- `last_run_at`: when a run of ingest last held its lease; null: none ever did.
create function ingest.platform_figures()
returns table (last_run_at timestamptz, asked_at timestamptz, received bigint, stored bigint, duplicate bigint, rejected bigint,
  over_quota bigint, database_bytes bigint, devices bigint)
language sql stable security definer set search_path = ''
as $$
  select (select max(l.seen_at) from ingest.leases as l), clock_timestamp(), sum(t.received)::bigint, sum(t.stored)::bigint,
    sum(t.duplicate)::bigint, sum(t.rejected)::bigint, sum(t.over_quota)::bigint, pg_database_size(current_database()),
    (select count(*) from public.devices as d where d.enabled)
  from ingest.totals as t;
$$;
revoke execute on function ingest.platform_figures() from public;
grant execute on function ingest.platform_figures() to mqtt_ingest;
