-- What the dashboard shows of ingest: minutes with their delay, whether it runs, and dead letters to be sent again.

-- How long readings waited for their row, weighted by reading; written by add_to_ledger.
alter table public.ingest_ledger
  add column latency_ms_sum float8 not null default 0,
  add column latency_ms_max float8 not null default 0;

-- Adds a batch, the arrays side by side. `received_at` is when its first message came: from then to now is the longest
-- that any of it waited.
create or replace function ingest.add_to_ledger(
  received_at timestamptz, tenant_ids uuid[], received bigint[], stored bigint[], duplicate bigint[], rejected bigint[],
  over_quota bigint[]
) returns void
language sql security definer set search_path = ''
as $$
  insert into public.ingest_ledger as l
    (tenant_id, minute, received, stored, duplicate, rejected, over_quota, latency_ms_sum, latency_ms_max)
  select b.tenant_id, date_trunc('minute', received_at), b.received, b.stored, b.duplicate, b.rejected, b.over_quota,
    b.received * w.waited, w.waited
  from unnest(tenant_ids, received, stored, duplicate, rejected, over_quota)
    as b (tenant_id, received, stored, duplicate, rejected, over_quota)
  -- Two clocks: ingest's may be a little ahead of the database's.
  cross join (select greatest(extract(epoch from clock_timestamp() - received_at) * 1000, 0)::float8 as waited) as w
  -- In one order, or two writers could each wait for the other.
  order by b.tenant_id
  on conflict (tenant_id, minute) do update set
    received = l.received + excluded.received,
    stored = l.stored + excluded.stored,
    duplicate = l.duplicate + excluded.duplicate,
    rejected = l.rejected + excluded.rejected,
    over_quota = l.over_quota + excluded.over_quota,
    latency_ms_sum = l.latency_ms_sum + excluded.latency_ms_sum,
    latency_ms_max = greatest(l.latency_ms_max, excluded.latency_ms_max);
$$;

-- The ledger's minutes from `since` on; minutes without a message are left out. The latency is from a batch's first
-- message to its rows, in milliseconds.
create function public.ingest_minutes(tenant_id uuid, since timestamptz)
returns table (minute timestamptz, received bigint, stored bigint, duplicate bigint, rejected bigint, over_quota bigint,
  latency_ms_avg float8, latency_ms_max float8)
language sql stable set search_path = ''
as $$
  select l.minute, l.received, l.stored, l.duplicate, l.rejected, l.over_quota,
    l.latency_ms_sum / nullif(l.received, 0), l.latency_ms_max
  from public.ingest_ledger as l
  where l.tenant_id = ingest_minutes.tenant_id and l.minute >= date_trunc('minute', ingest_minutes.since)
  order by l.minute;
$$;

-- When a run last held the lease: taken, renewed or given back.
alter table ingest.leases add column seen_at timestamptz;
create function ingest.note_lease() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.seen_at := clock_timestamp();
  return new;
end
$$;
create trigger note_lease before update on ingest.leases for each row execute function ingest.note_lease();

-- Whether ingest runs, and what a tenant has. One row. `workers` is how many leases are in force now; rows are those the
-- ledger has counted, which retention may have removed since.
create function public.ingest_status(tenant_id uuid)
returns table (last_run_at timestamptz, last_row_at timestamptz, database_bytes bigint, telemetry_rows_estimate bigint,
  workers int)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  perform access.require_role(ingest_status.tenant_id, '{owner,staff,viewer}');
  return query select
    (select max(l.seen_at) from ingest.leases as l),
    (select l.minute from public.ingest_ledger as l
     where l.tenant_id = ingest_status.tenant_id and l.stored > 0 order by l.minute desc limit 1),
    pg_database_size(current_database()),
    (select coalesce(sum(l.stored), 0)::bigint from public.ingest_ledger as l where l.tenant_id = ingest_status.tenant_id),
    (select count(*)::int from ingest.leases as l where l.expires_at > clock_timestamp());
end
$$;

-- Dead letters to be sent again.
alter table public.dead_letters add column redrive_requested_at timestamptz;
create index dead_letters_redrive on public.dead_letters (redrive_requested_at)
  where redrive_requested_at is not null and redriven_at is null;
grant select (redrive_requested_at) on public.dead_letters to authenticated;

-- Asks ingest to send dead letters (at most 1000) again. Returns how many were asked for by this call; ids of others,
-- unknown ones and those asked for or redriven already do not count.
create function public.request_redrive(dead_letter_ids bigint[]) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  staffed constant uuid[] := access.staffed_tenants();
  asked int;
begin
  if dead_letter_ids is null or cardinality(dead_letter_ids) > 1000 then
    raise exception 'dead_letter_ids is null or has more than 1000 ids'
      using errcode = 'invalid_parameter_value', hint = 'Ask for 1000 at a time.';
  end if;
  if exists (
    select from public.dead_letters as d
    where d.id = any (dead_letter_ids) and d.tenant_id = any (access.my_tenants()) and d.tenant_id <> all (staffed)
  ) then
    raise exception 'your role in this tenant does not allow this'
      using errcode = 'insufficient_privilege', hint = 'Needed: owner or staff. An owner can change your role.';
  end if;
  update public.dead_letters as d set redrive_requested_at = now()
  where d.id = any (dead_letter_ids) and d.tenant_id = any (staffed)
    and d.redriven_at is null and d.redrive_requested_at is null;
  get diagnostics asked = row_count;
  return asked;
end
$$;

-- One entry a request, however many letters it names.
create function access.audit_redrive() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, details)
  select n.tenant_id, auth.uid(), access.my_email(), 'dead_letters.redrive_requested', jsonb_build_object('ids', jsonb_agg(n.id order by n.id))
  from after as n join before as o using (id)
  join public.tenants as t on t.id = n.tenant_id
  where n.redrive_requested_at is not null and o.redrive_requested_at is null
  group by n.tenant_id;
  return null;
end
$$;
create trigger audit_redrive after update on public.dead_letters referencing old table as before new table as after
  for each statement execute function access.audit_redrive();

revoke all on function ingest.note_lease(), access.audit_redrive(), public.ingest_minutes(uuid, timestamptz),
  public.ingest_status(uuid), public.request_redrive(bigint[])
  from public, anon, authenticated, service_role;
grant execute on function public.ingest_minutes(uuid, timestamptz), public.ingest_status(uuid),
  public.request_redrive(bigint[]) to authenticated;
