-- The ledger: what became of every reading, by tenant and minute of receipt, written with the rows themselves.

create table public.ingest_ledger (
  -- The nil UUID for messages of no known tenant. No foreign key: a batch must not fail for a tenant just deleted.
  tenant_id uuid not null,
  minute timestamptz not null,
  received bigint not null,
  stored bigint not null,
  duplicate bigint not null,
  rejected bigint not null,
  over_quota bigint not null,
  primary key (tenant_id, minute)
) with (fillfactor = 50); -- A minute's row is updated with each batch; half a page leaves room to do that in place.
create index ingest_ledger_minute on public.ingest_ledger (minute);

alter table public.ingest_ledger enable row level security;
alter table public.ingest_ledger force row level security;
revoke all on public.ingest_ledger from public, anon, authenticated, service_role;
grant select on public.ingest_ledger to service_role;
create policy service_role_select on public.ingest_ledger for select to service_role using (true);

-- Received is counted when a message comes, the others when its fate is known: a residual is a reading that was lost, or
-- written twice, by a fault of the program. The view is empty when all is well.
create view public.ingest_residuals with (security_invoker = true) as
select tenant_id, minute, received, stored, duplicate, rejected, over_quota,
  received - stored - duplicate - rejected - over_quota as residual
from public.ingest_ledger
where received <> stored + duplicate + rejected + over_quota;

-- What a tenant used, and lost by its quota, a day of UTC.
create view public.tenant_usage with (security_invoker = true) as
select l.tenant_id, (l.minute at time zone 'UTC')::date as day, sum(l.received)::bigint as received,
  sum(l.stored)::bigint as stored, sum(l.duplicate)::bigint as duplicate, sum(l.rejected)::bigint as rejected,
  sum(l.over_quota)::bigint as over_quota
from public.ingest_ledger as l
group by 1, 2;

revoke all on public.ingest_residuals, public.tenant_usage from public, anon, authenticated, service_role;
grant select on public.ingest_residuals, public.tenant_usage to service_role;

-- Adds a batch, the arrays side by side. `received_at` is when its first message came.
create function ingest.add_to_ledger(
  received_at timestamptz, tenant_ids uuid[], received bigint[], stored bigint[], duplicate bigint[], rejected bigint[],
  over_quota bigint[]
) returns void
language sql security definer set search_path = ''
as $$
  insert into public.ingest_ledger as l (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
  select b.tenant_id, date_trunc('minute', received_at), b.received, b.stored, b.duplicate, b.rejected, b.over_quota
  from unnest(tenant_ids, received, stored, duplicate, rejected, over_quota)
    as b (tenant_id, received, stored, duplicate, rejected, over_quota)
  -- In one order, or two writers could each wait for the other.
  order by b.tenant_id
  on conflict (tenant_id, minute) do update set
    received = l.received + excluded.received,
    stored = l.stored + excluded.stored,
    duplicate = l.duplicate + excluded.duplicate,
    rejected = l.rejected + excluded.rejected,
    over_quota = l.over_quota + excluded.over_quota;
$$;

-- Forgets minutes older than `older_than` (at least a day). Returns how many rows.
create function ingest.prune_ledger(older_than interval) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  pruned bigint;
begin
  if older_than is null or older_than < interval '1 day' then
    raise exception 'older_than is %, it must be a day or more', coalesce(older_than::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  delete from public.ingest_ledger where minute < now() - older_than;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

-- A deleted tenant leaves nothing here.
create function ingest.forget_tenant() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.ingest_ledger where tenant_id = old.id;
  delete from ingest.quota_use where tenant_id = old.id;
  return null;
end
$$;
create trigger forget_in_ingest after delete on public.tenants for each row execute function ingest.forget_tenant();

revoke all on function
  ingest.add_to_ledger(timestamptz, uuid[], bigint[], bigint[], bigint[], bigint[], bigint[]),
  ingest.prune_ledger(interval),
  ingest.forget_tenant()
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.add_to_ledger(timestamptz, uuid[], bigint[], bigint[], bigint[], bigint[], bigint[]),
  ingest.prune_ledger(interval)
  to mqtt_ingest;
