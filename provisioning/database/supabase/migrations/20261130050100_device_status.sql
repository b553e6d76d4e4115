-- What is known of each device from what came from it: when it was last heard, how often it reports, whether its clock is
-- right, the newest value of each field, and which of its readings the alert rules have not judged yet. One row a device,
-- written by ingest in the transaction that writes the readings.

create table public.device_status (
  tenant_id uuid not null,
  device_id uuid not null,
  -- When its newest message came, whatever became of it: stored, a repeat, a dead letter, or over quota.
  last_received_at timestamptz not null,
  -- Seconds between its last 8 messages; messages within a second count as one.
  gaps real[] not null default '{}',
  -- Its time less the time of receipt, in seconds; null while it sends no time of its own.
  clock_skew real,
  -- A skew seen once. Seen twice in a row it is the clock's; once, it is a stray reading.
  clock_candidate real,
  -- The newest value of each top-level field: {"temperature": [21.5, its time, when it came]}, times in milliseconds since
  -- 1970. At most 8 KiB; values of more than 256 bytes are left out.
  fields jsonb not null default '{}',
  -- What `fields` is the newest by: the device's time, or the time of receipt while its clock is wrong.
  newest_at timestamptz,
  -- Where, in the device's time, the readings are that were stored by transactions up to `fresh_xid`; `earlier` are those
  -- stored before, which some rule may still have to judge. In whole minutes, at most some ten spans each.
  fresh tstzmultirange,
  fresh_xid xid8,
  earlier tstzmultirange,
  earlier_xid xid8 not null default '0',
  primary key (tenant_id, device_id),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
) with (fillfactor = 70); -- Updated with each batch, in place: no index has a column that changes.

alter table public.device_status enable row level security;
alter table public.device_status force row level security;
revoke all on public.device_status from public, anon, authenticated, service_role;
grant select (tenant_id, device_id, last_received_at, gaps, clock_skew, fields) on public.device_status to authenticated;
grant select on public.device_status to service_role;
create policy members_select on public.device_status for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.device_status for select to service_role using (true);

-- Up to which transaction all enabled rules of a tenant have judged what was stored. What was stored before may be
-- forgotten in device_status. No row: the tenant has never had a rule.
create table ingest.tenant_cursors (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  judged xid8 not null
) with (fillfactor = 50);
alter table ingest.tenant_cursors enable row level security;
alter table ingest.tenant_cursors force row level security;
revoke all on ingest.tenant_cursors from public, anon, authenticated, service_role;

-- Notes what came from devices, the arrays side by side, each device once: when its newest message came; the mean of the
-- gaps of a second or more between its messages, in seconds, null when there is none; its clock's skew; time and fields of
-- its newest stored reading; and the spans of the stored readings. A device that does not exist (any more) is passed over.
create function ingest.note_devices(
  tenant_ids uuid[], device_ids uuid[], received timestamptz[], gaps real[], skews real[], newest timestamptz[],
  fields jsonb[], stored tstzmultirange[]
) returns void
language sql security definer set search_path = ''
as $$
  insert into public.device_status as s (
    tenant_id, device_id, last_received_at, gaps, clock_skew, fields, newest_at, fresh, fresh_xid, earlier_xid)
  select b.tenant_id, b.device_id, b.received, array_remove(array[b.gap], null), b.skew, coalesce(b.fields, '{}'),
    case when b.skew > 120 then least(b.newest, b.received) else b.newest end,
    b.stored, pg_current_xact_id(), coalesce(c.judged, '0')
  from unnest(tenant_ids, device_ids, received, gaps, skews, newest, fields, stored)
    as b (tenant_id, device_id, received, gap, skew, newest, fields, stored)
  join public.devices as d on d.tenant_id = b.tenant_id and d.id = b.device_id
  left join ingest.tenant_cursors as c on c.tenant_id = b.tenant_id
  -- In one order, or two writers could each wait for the other.
  order by b.tenant_id, b.device_id
  on conflict (tenant_id, device_id) do update set (
    last_received_at, gaps, clock_skew, clock_candidate, fields, newest_at, fresh, fresh_xid, earlier, earlier_xid) = (
    select greatest(s.last_received_at, excluded.last_received_at),
      case when n.gap is null then s.gaps
        else (s.gaps || n.gap)[greatest(cardinality(s.gaps) - 6, 1):] end,
      case when n.is_usual then s.clock_skew + (excluded.clock_skew - s.clock_skew) / 4
        when n.is_confirmed then excluded.clock_skew else s.clock_skew end,
      case when not n.is_usual then excluded.clock_skew end,
      -- Beyond 8 KiB only what came last is kept.
      case when excluded.newest_at is null then s.fields
        when pg_column_size(s.fields || excluded.fields) > 8192 then excluded.fields
        when n.at >= s.newest_at is not false then s.fields || excluded.fields
        else excluded.fields || s.fields end,
      greatest(s.newest_at, n.at),
      case when excluded.fresh is null then s.fresh
        when n.is_judged then excluded.fresh
        -- Many spans become one.
        when pg_column_size(s.fresh + excluded.fresh) > 256 then tstzmultirange(range_merge(s.fresh + excluded.fresh))
        else coalesce(s.fresh, '{}') + excluded.fresh end,
      case when excluded.fresh is null then s.fresh_xid else excluded.fresh_xid end,
      case when n.is_judged and excluded.fresh is not null then s.fresh else s.earlier end,
      case when n.is_judged and excluded.fresh is not null then coalesce(s.fresh_xid, '0') else s.earlier_xid end
    from (select
      case when cardinality(excluded.gaps) > 0 then excluded.gaps[1]
        when excluded.last_received_at - s.last_received_at >= interval '1 second'
          then extract(epoch from excluded.last_received_at - s.last_received_at)::real end as gap,
      coalesce(abs(excluded.clock_skew - s.clock_skew) <= 120, false) as is_usual,
      s.clock_skew is null or abs(excluded.clock_skew - s.clock_candidate) <= 120 as is_confirmed,
      -- Late readings of a clock that is right are older ones; those of a clock that is slow are not.
      case when excluded.clock_skew < -120 and s.clock_skew < -120 then excluded.last_received_at
        else excluded.newest_at end as at,
      -- Whether all rules have judged `earlier`. An id beyond the current one is another server's: the database was restored.
      excluded.earlier_xid = '0' or excluded.earlier_xid <= pg_current_xact_id()
        and (s.earlier_xid < excluded.earlier_xid or s.earlier_xid > pg_current_xact_id()) as is_judged
    ) as n);
$$;

revoke all on function
  ingest.note_devices(uuid[], uuid[], timestamptz[], real[], real[], timestamptz[], jsonb[], tstzmultirange[])
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.note_devices(uuid[], uuid[], timestamptz[], real[], real[], timestamptz[], jsonb[], tstzmultirange[])
  to mqtt_ingest;

-- What is known already: the newest reading of each device.
insert into public.device_status (tenant_id, device_id, last_received_at, fields, newest_at)
select d.tenant_id, d.id, newest.received_at, coalesce(fields.newest, '{}'), newest.ts
from public.devices as d
cross join lateral (
  select t.ts, t.received_at, t.payload from public.telemetry as t
  where t.tenant_id = d.tenant_id and t.device_id = d.id and t.ts <= now() + interval '2 minutes'
  order by t.ts desc limit 1
) as newest
cross join lateral (
  select jsonb_object_agg(pair.key, jsonb_build_array(
    pair.value, floor(extract(epoch from newest.ts) * 1000), floor(extract(epoch from newest.received_at) * 1000))) as newest
  from (
    select p.key, p.value from jsonb_each(case jsonb_typeof(newest.payload) when 'object' then newest.payload else '{}' end) as p
    where length(p.key) <= 64 and length(p.value::text) <= 256 order by p.key limit 32
  ) as pair
) as fields;

-- device_status has the newest values, of readings that came long ago too.
drop function public.latest_readings(uuid, uuid, int);
