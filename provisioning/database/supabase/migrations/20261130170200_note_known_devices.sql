-- Nearly all devices of a batch have a row in device_status. An update of it takes a third less of the database's time than an insert that
-- finds it there, and in plpgsql its plan is kept.

-- Notes what came from devices, with parameters and result as before.
create or replace function ingest.note_devices(
  tenant_ids uuid[], device_ids uuid[], received timestamptz[], gaps real[], skews real[], newest timestamptz[],
  fields jsonb[], stored tstzmultirange[]
) returns void
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  known uuid[];
begin
  with noted as (
    update public.device_status as s set (
      last_received_at, gaps, clock_skew, clock_candidate, fields, newest_at, fresh, fresh_xid, earlier, earlier_xid) = (
      select greatest(s.last_received_at, b.received),
        case when n.gap is null then s.gaps
          else (s.gaps || n.gap)[greatest(cardinality(s.gaps) - 6, 1):] end,
        case when n.is_usual then s.clock_skew + (b.skew - s.clock_skew) / 4
          when n.is_confirmed then b.skew else s.clock_skew end,
        case when not n.is_usual then b.skew end,
        -- Beyond 8 KiB only what came last is kept.
        case when b.newest_at is null then s.fields
          when pg_column_size(s.fields || b.fields) > 8192 then b.fields
          when n.at >= s.newest_at is not false then s.fields || b.fields
          else b.fields || s.fields end,
        greatest(s.newest_at, n.at),
        case when b.stored is null then s.fresh
          when n.is_judged then b.stored
          when b.stored <@ s.fresh then s.fresh
          -- Many spans become one.
          when pg_column_size(s.fresh + b.stored) > 256 then tstzmultirange(range_merge(s.fresh + b.stored))
          else coalesce(s.fresh, '{}') + b.stored end,
        case when b.stored is null then s.fresh_xid else pg_current_xact_id() end,
        case when n.is_judged and b.stored is not null then s.fresh else s.earlier end,
        case when n.is_judged and b.stored is not null then coalesce(s.fresh_xid, '0') else s.earlier_xid end
      from (select
        case when b.gap is not null then b.gap
          when b.received - s.last_received_at >= interval '1 second'
            then extract(epoch from b.received - s.last_received_at)::real end as gap,
        coalesce(abs(b.skew - s.clock_skew) <= 120, false) as is_usual,
        s.clock_skew is null or abs(b.skew - s.clock_candidate) <= 120 as is_confirmed,
        -- Late readings of a clock that is right are older ones; those of a clock that is slow are not.
        case when b.skew < -120 and s.clock_skew < -120 then b.received else b.newest_at end as at,
        -- Whether all rules have judged `earlier`. An id beyond the current one is another server's: the database was restored.
        b.judged = '0' or b.judged <= pg_current_xact_id()
          and (s.earlier_xid < b.judged or s.earlier_xid > pg_current_xact_id()) as is_judged
      ) as n)
    from (
      select b.tenant_id, b.device_id, b.received, b.gap, b.skew, coalesce(b.fields, '{}') as fields,
        case when b.skew > 120 then least(b.newest, b.received) else b.newest end as newest_at, b.stored,
        coalesce((select c.judged from ingest.tenant_cursors as c where c.tenant_id = b.tenant_id), '0') as judged
      from unnest(tenant_ids, device_ids, received, gaps, skews, newest, fields, stored)
        as b (tenant_id, device_id, received, gap, skew, newest, fields, stored)
      -- In one order, or two writers could each wait for the other.
      order by b.tenant_id, b.device_id
      offset 0
    ) as b
    where s.tenant_id = b.tenant_id and s.device_id = b.device_id
    returning s.device_id
  )
  select coalesce(array_agg(n.device_id), '{}') into known from noted as n;
  if cardinality(known) < cardinality(device_ids) then
    -- The others get an empty row, in the same order, and are then noted as well. A device that does not exist (any more) is passed over.
    insert into public.device_status (tenant_id, device_id, last_received_at)
    select b.tenant_id, b.device_id, b.received
    from unnest(tenant_ids, device_ids, received) as b (tenant_id, device_id, received)
    join public.devices as d on d.tenant_id = b.tenant_id and d.id = b.device_id
    where b.device_id <> all (known)
    order by b.tenant_id, b.device_id
    on conflict (tenant_id, device_id) do nothing;
    perform ingest.note_devices(
      array_agg(b.tenant_id), array_agg(b.device_id), array_agg(b.received), array_agg(b.gap), array_agg(b.skew),
      array_agg(b.newest), array_agg(b.fields), array_agg(b.stored))
    from unnest(tenant_ids, device_ids, received, gaps, skews, newest, fields, stored)
      as b (tenant_id, device_id, received, gap, skew, newest, fields, stored)
    join public.devices as d on d.tenant_id = b.tenant_id and d.id = b.device_id
    where b.device_id <> all (known)
    having count(*) > 0;
  end if;
end
$$;
