-- Ten thousand devices changed by one statement each: tagged, switched, deleted.

-- The roll-ups of a deleted device, some ten thousand rows, are not deleted with it but afterwards, as there is time. Until then
-- they stay, as its readings do.
-- squawk-ignore ban-drop-constraint
alter table public.telemetry_rollups drop constraint telemetry_rollups_tenant_id_device_id_fkey;
-- squawk-ignore adding-foreign-key-constraint
alter table public.telemetry_rollups
  add constraint telemetry_rollups_tenant_id_fkey foreign key (tenant_id) references public.tenants (id) on delete cascade not valid;
create table ingest.gone_devices (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  device_id uuid not null,
  primary key (tenant_id, device_id)
);
comment on table ingest.gone_devices is 'Deleted devices whose roll-ups are still to be deleted.';
alter table ingest.gone_devices enable row level security;
alter table ingest.gone_devices force row level security;
revoke all on ingest.gone_devices from public, anon, authenticated, service_role;

create function access.note_gone_devices() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.gone_devices (tenant_id, device_id)
  select o.tenant_id, o.id from before as o join public.tenants as t on t.id = o.tenant_id
  on conflict do nothing;
  return null;
end
$$;
create trigger note_gone after delete on public.devices
  referencing old table as before for each statement execute function access.note_gone_devices();

-- As before, for all devices of a statement at once.
create or replace function ingest.remember_session() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.sessions_of_deleted as s (tenant_slug, device_slug)
  select t.slug, o.slug from before as o join public.tenants as t on t.id = o.tenant_id
  on conflict (tenant_slug, device_slug) do update set next_at = excluded.next_at;
  return null;
end
$$;
drop trigger remember_session on public.devices;
create trigger remember_session after delete on public.devices
  referencing old table as before for each statement execute function ingest.remember_session();

-- As before, and as many of deleted devices: a tenant that deletes thousands must not keep others' from being removed.
create or replace function ingest.prune_rollups(most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  pruned int := 0;
  of_gone int := 0;
  deleted int;
  one int;
  gone ingest.gone_devices;
begin
  for gone in select g.* from ingest.gone_devices as g limit 1000 loop
    exit when of_gone >= most;
    delete from public.telemetry_rollups as r where r.ctid = any (array(
      select o.ctid from public.telemetry_rollups as o
      where o.tenant_id = gone.tenant_id and o.device_id = gone.device_id limit most - of_gone));
    get diagnostics deleted = row_count;
    if deleted < most - of_gone then
      delete from ingest.gone_devices as g where g.tenant_id = gone.tenant_id and g.device_id = gone.device_id;
    end if;
    of_gone := of_gone + deleted;
  end loop;
  foreach one in array '{60, 3600, 86400}'::int[] loop
    delete from public.telemetry_rollups as r where (r.tenant_id, r.device_id, r.step, r.bucket) in (
      select o.tenant_id, o.device_id, o.step, o.bucket from public.telemetry_rollups as o
      where o.step = one and o.bucket < now() - access.rollup_retention(one) order by o.bucket limit most - pruned);
    get diagnostics deleted = row_count;
    pruned := pruned + deleted;
  end loop;
  return of_gone + pruned;
end
$$;

-- Whether each element is greater than the previous one.
create function access.are_sorted(tags text[]) returns boolean
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  for n in 2..cardinality(tags) loop
    if (tags[n - 1] collate "C" < tags[n] collate "C") is not true then
      return false;
    end if;
  end loop;
  return true;
end
$$;

-- Checks the tags as they are, instead of comparing them with normal ones: this runs at each change of a device, and took longer than the
-- change. It has no query, so the planner can inline it.
create or replace function access.are_tags(tags text[]) returns boolean
language sql immutable parallel safe
return tags = '{}' or (array_ndims(tags) = 1 and array_lower(tags, 1) = 1 and cardinality(tags) <= 16
  and array_to_string(tags, ',', '') ~ '^[a-z0-9][a-z0-9_.:-]{0,31}(,[a-z0-9][a-z0-9_.:-]{0,31})*$'
  -- A comma within a tag.
  and cardinality(string_to_array(array_to_string(tags, ',', ''), ',')) = cardinality(tags)
  and (cardinality(tags) = 1 or access.are_sorted(tags)));

-- As before, for ten times as many.
create or replace function access.lock_devices(tenant_id uuid, device_ids uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if (cardinality(device_ids) between 1 and 10000) is not true then
    raise exception '% devices at once', coalesce(cardinality(device_ids), 0)
      using errcode = 'invalid_parameter_value', hint = 'Send 1 to 10000 ids at a time.';
  end if;
  perform from public.devices as d where d.tenant_id = lock_devices.tenant_id and d.id = any (device_ids) order by d.id for update;
end
$$;

-- The ids of a tenant's devices that a filter of the list finds, at most 10,000: `search` is a pattern of `ilike`. One row, because an
-- answer of many has a bound of its own; none when there is no device.
create function public.device_ids(tenant_id uuid, search text default null, of_state text default null, tag text default null)
returns table (ids uuid[])
language sql stable set search_path = ''
as $$
  select f.ids
  from (select array(
    select d.id from public.device_list as d
    where d.tenant_id = device_ids.tenant_id and (device_ids.search is null or d.words ilike device_ids.search)
      and (device_ids.of_state is null or d.state = device_ids.of_state) and (device_ids.tag is null or device_ids.tag = any (d.tags))
    order by d.id limit 10000) as ids) as f
  where f.ids <> '{}'
$$;

-- As before, without making the same lists for each device.
create or replace function public.tag_devices(tenant_id uuid, device_ids uuid[], added text[] default '{}', removed text[] default '{}') returns int
language plpgsql security definer set search_path = ''
as $$
declare
  come constant text[] := access.normal_tags(added);
  go constant text[] := access.normal_tags(removed);
  full_device text;
  changed int;
begin
  perform access.require_role(tag_devices.tenant_id, '{owner,staff}');
  perform access.lock_devices(tag_devices.tenant_id, device_ids);
  perform access.check_tags(added);
  perform access.check_tags(removed);
  with tagged as (
    select d.id, d.slug, array(
      select distinct t collate "C" from unnest(d.tags || come) as t where t <> all (go) order by t collate "C") as tags
    from public.devices as d
    where d.tenant_id = tag_devices.tenant_id and d.id = any (device_ids) and (d.tags && go or not d.tags @> come)
  ), updated as (
    update public.devices as d set tags = t.tags from tagged as t
    where d.id = t.id and d.tags <> t.tags and cardinality(t.tags) <= 16 returning 1
  )
  select (select count(*) from updated), (select min(t.slug) from tagged as t where cardinality(t.tags) > 16) into changed, full_device;
  if full_device is not null then
    raise exception 'the device "%" would have more than 16 tags', full_device
      using errcode = 'invalid_parameter_value', hint = 'Remove tags that are not needed. Nothing was changed.';
  end if;
  return changed;
end
$$;

-- As before. What nearly every device has is deleted for all of them at once: by the devices' foreign keys it would be one by one.
create or replace function public.delete_devices(tenant_id uuid, device_ids uuid[]) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  gone int;
begin
  perform access.require_role(delete_devices.tenant_id, '{owner,staff}');
  perform access.lock_devices(delete_devices.tenant_id, device_ids);
  -- In the order in which ingest writes them.
  perform from public.device_status as s
  where s.tenant_id = delete_devices.tenant_id and s.device_id = any (delete_devices.device_ids) order by s.device_id for update;
  delete from public.device_status as s where s.tenant_id = delete_devices.tenant_id and s.device_id = any (delete_devices.device_ids);
  delete from ingest.rollup_work as w where w.tenant_id = delete_devices.tenant_id and w.device_id = any (delete_devices.device_ids);
  delete from public.device_credentials as c where c.tenant_id = delete_devices.tenant_id and c.device_id = any (delete_devices.device_ids);
  delete from public.devices as d where d.tenant_id = delete_devices.tenant_id and d.id = any (delete_devices.device_ids);
  get diagnostics gone = row_count;
  return gone;
end
$$;

-- As before. More than 100 rows of one tenant are compared column by column: row by row costs more than the change itself.
create or replace function access.audit_rows() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  hidden constant text[] := array['password_hash', 'name_key'];
  verb constant text := case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.changed' else '.deleted' end;
  -- [{"tenant": id, "subject": text, "details": {…}}, …]
  entries jsonb;
  source constant text := case tg_op when 'DELETE' then 'before' else 'after' end;
  changed text[];
  column_name name;
  is_list boolean;
  tenant uuid;
  tenants int;
  times bigint;
  subjects jsonb;
  differs text := 'true';
  change jsonb;
  changes jsonb := '{}';
begin
  execute format('select count(*), count(distinct r.tenant_id), min(r.tenant_id::text)::uuid from %I as r', source) into times, tenants, tenant;
  if times > 100 and tenants = 1 then
    if tg_op = 'UPDATE' then
      execute (
        select format('select array_remove(array[%s], null) from after as n join before as o on o.id = n.id', string_agg(
          format('case when bool_or(n.%1$I is distinct from o.%1$I) then %1$L end', a.attname), ', ' order by a.attnum))
        from pg_catalog.pg_attribute as a
        where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped and a.attname <> all (hidden)) into changed;
      if changed = '{}' then
        return null;
      end if;
      differs := 'false';
      for column_name, is_list in
        select a.attname, t.typcategory = 'A' from pg_catalog.pg_attribute as a join pg_catalog.pg_type as t on t.oid = a.atttypid
        where a.attrelid = tg_relid and a.attname = any (changed)
      loop
        if is_list then
          execute format(
            'select jsonb_build_object(''added'', jsonb_agg(distinct i.item) filter (where i.is_new),
               ''removed'', jsonb_agg(distinct i.item) filter (where not i.is_new))
             from after as n join before as o on o.id = n.id and o.%1$I is distinct from n.%1$I
             cross join lateral (
               select e, true from unnest(n.%1$I) as e where e <> all (o.%1$I)
               union all select e, false from unnest(o.%1$I) as e where e <> all (n.%1$I)) as i (item, is_new)', column_name) into change;
        else
          execute format(
            'select jsonb_build_object(''to'', case when count(distinct n.%1$I) + max((n.%1$I is null)::int) = 1
               then (array_agg(to_jsonb(n.%1$I)))[1] else ''"various"'' end)
             from after as n join before as o on o.id = n.id and o.%1$I is distinct from n.%1$I', column_name) into change;
        end if;
        changes := changes || jsonb_build_object(column_name, change);
        differs := format('%s or n.%2$I is distinct from o.%2$I', differs, column_name);
      end loop;
      execute format('select jsonb_agg(n.%1$I order by n.%1$I) from after as n join before as o on o.id = n.id where %2$s', tg_argv[2], differs)
        into subjects;
    else
      execute format('select jsonb_agg(r.%1$I order by r.%1$I) from %2$I as r', tg_argv[2], source) into subjects;
    end if;
    perform access.limit_changes();
    -- An entry for each 1,000: entries are counted, and read by the page.
    insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
    select t.id, auth.uid(), access.my_email(), tg_argv[1] || verb, null,
      jsonb_build_object('count', s.times, tg_argv[1], s.subjects) || changes
    from public.tenants as t
    cross join lateral (
      select count(*) as times, jsonb_agg(e.value order by e.n) as subjects
      from jsonb_array_elements(subjects) with ordinality as e (value, n) group by (e.n - 1) / 1000
    ) as s
    where t.id = tenant
    order by s.subjects -> 0;
    return null;
  end if;
  if tg_op = 'UPDATE' then
    select jsonb_agg(jsonb_build_object('tenant', n.tenant_id, 'subject', to_jsonb(n) ->> tg_argv[2], 'details', c.changed)) into entries
    from after as n join before as o on o.id = n.id
    cross join lateral (
      select jsonb_object_agg(a.key, jsonb_build_object('from', to_jsonb(o) -> a.key, 'to', a.value)) as changed
      from jsonb_each(to_jsonb(n) - hidden) as a where a.value is distinct from to_jsonb(o) -> a.key
    ) as c
    where c.changed is not null;
  elsif tg_op = 'INSERT' then
    select jsonb_agg(jsonb_build_object('tenant', n.tenant_id, 'subject', to_jsonb(n) ->> tg_argv[2],
      'details', to_jsonb(n) - hidden - 'tenant_id')) into entries from after as n;
  else
    select jsonb_agg(jsonb_build_object('tenant', o.tenant_id, 'subject', to_jsonb(o) ->> tg_argv[2],
      'details', to_jsonb(o) - hidden - 'tenant_id')) into entries from before as o;
  end if;
  if entries is null then
    return null;
  end if;
  perform access.limit_changes();
  with entry as (
    select (e.value ->> 'tenant')::uuid as tenant, e.value ->> 'subject' as subject, e.value -> 'details' as details
    from jsonb_array_elements(entries) as e
  ), of_tenant as (
    select e.tenant, count(*) as times, jsonb_agg(e.subject order by e.subject) as subjects, min(e.details::text)::jsonb as details
    from entry as e group by e.tenant
  )
  -- Nothing is left to note on when the whole tenant goes.
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
  select t.id, auth.uid(), access.my_email(), tg_argv[case when o.times = 1 then 0 else 1 end] || verb,
    case when o.times = 1 then o.subjects ->> 0 end,
    case when o.times = 1 then o.details else jsonb_build_object('count', o.times, tg_argv[1], o.subjects) || coalesce(c.changes, '{}') end
  from of_tenant as o
  join public.tenants as t on t.id = o.tenant
  -- What became of each column; of a list what came and what went, because the rest may differ from row to row.
  left join lateral (
    select jsonb_object_agg(p.key, case p.type
      when 'array' then jsonb_build_object('added', p.added, 'removed', p.removed)
      else jsonb_build_object('to', case when p.kinds = 1 then p.value else '"various"' end) end) as changes
    from (
      select c.key, min(jsonb_typeof(c.value -> 'to')) as type, count(distinct c.value -> 'to') as kinds,
        min((c.value -> 'to')::text)::jsonb as value,
        jsonb_agg(distinct l.item) filter (where l.is_new) as added, jsonb_agg(distinct l.item) filter (where not l.is_new) as removed
      from entry as e cross join jsonb_each(e.details) as c
      left join lateral (
        select i.item, c.value -> 'to' @> i.item as is_new
        from jsonb_path_query(c.value, '$.*[*]') as i (item)
        where jsonb_typeof(c.value -> 'to') = 'array' and not (c.value -> 'to' @> i.item and c.value -> 'from' @> i.item)
      ) as l on true
      where e.tenant = o.tenant group by c.key
    ) as p
  ) as c on tg_op = 'UPDATE' and o.times > 1;
  return null;
end
$$;

revoke all on function access.note_gone_devices(), public.device_ids(uuid, text, text, text)
  from public, anon, authenticated, service_role;
grant execute on function public.device_ids(uuid, text, text, text) to authenticated;
-- As for access.are_tags.
revoke all on function access.are_sorted(text[]) from public, anon, authenticated, service_role;
grant execute on function access.are_sorted(text[]) to authenticated, service_role, mqtt_ingest;
