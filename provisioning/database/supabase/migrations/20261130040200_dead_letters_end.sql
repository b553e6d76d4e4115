-- Dead letters end: what a tenant keeps is bounded in number and bytes; beyond that they are counted, and a sample of the newest is kept.
-- They can be discarded. None goes without being counted. mqtt_ingest keeps its right to insert them for the version before this one, which
-- knows no ingest.keep_dead_letters; ingest.dead_letter_use counts those, too.

-- How many readings of its message were refused: one letter a message, not one a reading.
alter table public.dead_letters add column readings int not null default 1 check (readings > 0);
grant select (readings) on public.dead_letters to authenticated;
create index dead_letters_device on public.dead_letters (tenant_id, device_id, received_at desc);

-- Letters that are not there, by the hour in which they came.
create table public.dead_letter_counts (
  -- The nil UUID for letters of no known tenant, as in the ledger. No foreign key: a batch must not fail for a tenant just deleted.
  tenant_id uuid not null,
  hour timestamptz not null,
  reason text not null,
  -- Beyond the limit when they came.
  not_kept bigint not null default 0,
  -- Discarded, too old, or displaced by newer ones at the limit.
  removed bigint not null default 0,
  primary key (tenant_id, hour, reason)
);
create index dead_letter_counts_hour on public.dead_letter_counts (hour);
alter table public.dead_letter_counts enable row level security;
alter table public.dead_letter_counts force row level security;
revoke all on public.dead_letter_counts from public, anon, authenticated, service_role;
grant select on public.dead_letter_counts to authenticated, service_role;
create policy service_role_select on public.dead_letter_counts for select to service_role using (true);
create policy staff_select on public.dead_letter_counts for select to authenticated
  using (tenant_id = any ((select access.staffed_tenants())::uuid[]));

-- What a tenant keeps, counted by the trigger below: counting the letters themselves would cost as much as there are.
create table ingest.dead_letter_use (
  tenant_id uuid primary key,
  letters bigint not null,
  bytes bigint not null
) with (fillfactor = 50);
alter table ingest.dead_letter_use enable row level security;
alter table ingest.dead_letter_use force row level security;
revoke all on ingest.dead_letter_use from public, anon, authenticated, service_role;
insert into ingest.dead_letter_use (tenant_id, letters, bytes)
select coalesce(d.tenant_id, '00000000-0000-0000-0000-000000000000'), count(*), sum(octet_length(d.payload))
from public.dead_letters as d group by 1;

create function ingest.count_dead_letters() returns trigger
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
begin
  if tg_op = 'INSERT' then
    insert into ingest.dead_letter_use as u (tenant_id, letters, bytes)
    select coalesce(c.tenant_id, '00000000-0000-0000-0000-000000000000'), count(*), sum(octet_length(c.payload))
    from changed as c group by 1 order by 1
    on conflict (tenant_id) do update set letters = u.letters + excluded.letters, bytes = u.bytes + excluded.bytes;
    return null;
  end if;
  -- In the order of keep_dead_letters, or the two could each wait for the other.
  perform from ingest.dead_letter_use as u
  where u.tenant_id in (select coalesce(c.tenant_id, '00000000-0000-0000-0000-000000000000') from changed as c)
  order by u.tenant_id for update;
  update ingest.dead_letter_use as u set letters = u.letters - gone.letters, bytes = u.bytes - gone.bytes
  from (
    select coalesce(c.tenant_id, '00000000-0000-0000-0000-000000000000') as tenant_id, count(*) as letters,
      sum(octet_length(c.payload)) as bytes
    from changed as c group by 1
  ) as gone
  where u.tenant_id = gone.tenant_id;
  -- One that was redriven is a row, and needs no count; of a removed tenant nothing stays.
  insert into public.dead_letter_counts as n (tenant_id, hour, reason, removed)
  select coalesce(c.tenant_id, '00000000-0000-0000-0000-000000000000'), date_trunc('hour', c.received_at), c.reason, count(*)
  from changed as c
  where c.redriven_at is null and (c.tenant_id is null or exists (select from public.tenants as t where t.id = c.tenant_id))
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (tenant_id, hour, reason) do update set removed = n.removed + excluded.removed;
  return null;
end
$$;
create trigger count_inserted after insert on public.dead_letters referencing new table as changed
  for each statement execute function ingest.count_dead_letters();
create trigger count_deleted after delete on public.dead_letters referencing old table as changed
  for each statement execute function ingest.count_dead_letters();

create or replace function ingest.forget_tenant() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.ingest_ledger where tenant_id = old.id;
  delete from public.dead_letter_counts where tenant_id = old.id;
  delete from ingest.dead_letter_use where tenant_id = old.id;
  delete from ingest.quota_use where tenant_id = old.id;
  return null;
end
$$;

-- Removes a tenant's letters beyond nine tenths of its limits, so that it does this once for many batches. What is kept, first to last:
-- the newest of each reason, then the second newest of each, and so on; those that were redriven last. So a flood of one kind
-- does not displace the others. A letter that somebody discards or redrives at this moment is not waited for.
create function ingest.thin_dead_letters(tenant uuid, most bigint, most_bytes bigint) returns void
language sql security definer set search_path = ''
as $$
  with own as (
    select l.id, octet_length(l.payload) as bytes, l.redriven_at is not null as redriven,
      row_number() over (partition by l.reason, l.redriven_at is not null order by l.id desc) as place
    from public.dead_letters as l
    where l.tenant_id = tenant or (l.tenant_id is null and tenant = '00000000-0000-0000-0000-000000000000')
  ), kept as (
    select o.id, count(*) over w as letters, sum(o.bytes) over w as bytes
    from own as o
    window w as (order by o.redriven, o.place, o.id desc rows unbounded preceding)
  ), doomed as (
    select l.id from public.dead_letters as l
    where l.id in (select k.id from kept as k where k.letters > most * 9 / 10 or k.bytes > most_bytes * 9 / 10)
    for update skip locked
  )
  delete from public.dead_letters as d using doomed where d.id = doomed.id;
$$;

-- Keeps a batch's letters, the arrays side by side, oldest first. A tenant at its limit keeps the 20 newest a reason of this batch, and
-- loses older ones for them; the others are counted. A letter that is there already (its fingerprint) is not kept twice.
create function ingest.keep_dead_letters(
  tenant_ids uuid[], device_ids uuid[], topics text[], payloads bytea[], content_types text[], reasons text[], details text[],
  message_ids text[], fingerprints text[], received timestamptz[], kept_properties jsonb[], refused_readings int[]
) returns void
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  full_one record;
begin
  -- Locked in one order until the transaction ends: two writers never count without each other.
  insert into ingest.dead_letter_use (tenant_id, letters, bytes)
  select distinct coalesce(t, nobody), 0, 0 from unnest(tenant_ids) as t order by 1
  on conflict do nothing;
  perform from ingest.dead_letter_use as u
  where u.tenant_id = any (array(select coalesce(t, nobody) from unnest(tenant_ids) as t)) order by u.tenant_id for update;

  with room as materialized (
    select u.tenant_id, access.limit_of(u.tenant_id, 'max_dead_letters') - u.letters as letters,
      access.limit_of(u.tenant_id, 'max_dead_letter_bytes') - u.bytes as bytes
    from ingest.dead_letter_use as u
    where u.tenant_id = any (array(select coalesce(t, nobody) from unnest(tenant_ids) as t))
  ), offered as (
    select l.*, row_number() over newest <= 20
      or count(*) over oldest <= p.letters and sum(octet_length(l.payload)) over oldest <= p.bytes as fits
    from unnest(tenant_ids, device_ids, topics, payloads, content_types, reasons, details, message_ids, fingerprints, received,
      kept_properties, refused_readings) with ordinality
      as l (tenant_id, device_id, topic, payload, content_type, reason, detail, message_id, fingerprint, received_at, properties,
        readings, place)
    join room as p on p.tenant_id = coalesce(l.tenant_id, nobody)
    window newest as (partition by l.tenant_id, l.reason order by l.place desc),
      oldest as (partition by l.tenant_id order by l.place rows unbounded preceding)
  ), kept as (
    insert into public.dead_letters (tenant_id, device_id, topic, payload, content_type, reason, detail, message_id, fingerprint,
      received_at, properties, readings)
    select o.tenant_id, o.device_id, o.topic, o.payload, o.content_type, o.reason, o.detail, o.message_id, o.fingerprint,
      o.received_at, o.properties, o.readings
    from offered as o where o.fits order by o.place
    on conflict do nothing
  )
  insert into public.dead_letter_counts as n (tenant_id, hour, reason, not_kept)
  select coalesce(o.tenant_id, nobody), date_trunc('hour', o.received_at), o.reason, count(*)
  from offered as o where not o.fits group by 1, 2, 3 order by 1, 2, 3
  on conflict (tenant_id, hour, reason) do update set not_kept = n.not_kept + excluded.not_kept;

  for full_one in
    select f.* from (
      select u.tenant_id, u.letters, u.bytes, access.limit_of(u.tenant_id, 'max_dead_letters') as most,
        access.limit_of(u.tenant_id, 'max_dead_letter_bytes') as most_bytes
      from ingest.dead_letter_use as u
      where u.tenant_id = any (array(select coalesce(t, nobody) from unnest(tenant_ids) as t))
    ) as f
    where f.letters > f.most or f.bytes > f.most_bytes
    order by f.tenant_id
  loop
    perform ingest.thin_dead_letters(full_one.tenant_id, full_one.most, full_one.most_bytes);
  end loop;
end
$$;

-- Discards at most 1000 of a tenant's letters, oldest first, and returns how many; call it again until it returns 0. Without a filter:
-- all of them. They stay counted in public.dead_letter_counts. A letter that is being redriven at this moment is left out.
create function public.discard_dead_letters(
  tenant_id uuid, dead_letter_ids bigint[] default null, reason text default null, device_id uuid default null,
  received_since timestamptz default null, received_until timestamptz default null
) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  gone int;
begin
  perform access.require_role(discard_dead_letters.tenant_id, '{owner,staff}');
  -- First, as keep_dead_letters does: it waits for a letter that is being discarded when it has an equal one.
  perform from ingest.dead_letter_use as u where u.tenant_id = discard_dead_letters.tenant_id for update;
  delete from public.dead_letters as d where d.id in (
    select l.id from public.dead_letters as l
    where l.tenant_id = discard_dead_letters.tenant_id
      and (discard_dead_letters.dead_letter_ids is null or l.id = any (discard_dead_letters.dead_letter_ids))
      and (discard_dead_letters.reason is null or l.reason = discard_dead_letters.reason)
      and (discard_dead_letters.device_id is null or l.device_id = discard_dead_letters.device_id)
      and (discard_dead_letters.received_since is null or l.received_at >= discard_dead_letters.received_since)
      and (discard_dead_letters.received_until is null or l.received_at <= discard_dead_letters.received_until)
    order by l.received_at limit 1000 for update skip locked
  );
  get diagnostics gone = row_count;
  if gone > 0 then
    perform access.limit_changes();
    insert into public.audit_log (tenant_id, actor_id, actor_email, action, details)
    values (discard_dead_letters.tenant_id, auth.uid(), access.my_email(), 'dead_letters.discarded',
      jsonb_strip_nulls(jsonb_build_object('letters', gone, 'reason', discard_dead_letters.reason,
        'device_id', discard_dead_letters.device_id, 'received_since', discard_dead_letters.received_since,
        'received_until', discard_dead_letters.received_until)));
  end if;
  return gone;
end
$$;

-- As before, and how many of its readings are still refused; null: as many as before.
drop function ingest.refuse_redrive(bigint, text, text);
create function ingest.refuse_redrive(letter_id bigint, new_reason text, new_detail text, still_refused int default 1) returns void
language sql security definer set search_path = ''
as $$
  update public.dead_letters
  set redrive_requested_at = null, reason = new_reason, detail = new_detail, readings = coalesce(still_refused, readings)
  where id = letter_id and redriven_at is null;
$$;

revoke all on function ingest.count_dead_letters(), ingest.thin_dead_letters(uuid, bigint, bigint),
  ingest.keep_dead_letters(uuid[], uuid[], text[], bytea[], text[], text[], text[], text[], text[], timestamptz[], jsonb[], int[]),
  ingest.refuse_redrive(bigint, text, text, int),
  public.discard_dead_letters(uuid, bigint[], text, uuid, timestamptz, timestamptz)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.keep_dead_letters(uuid[], uuid[], text[], bytea[], text[], text[], text[], text[], text[], timestamptz[], jsonb[], int[]),
  ingest.refuse_redrive(bigint, text, text, int)
  to mqtt_ingest;
grant execute on function public.discard_dead_letters(uuid, bigint[], text, uuid, timestamptz, timestamptz) to authenticated;
