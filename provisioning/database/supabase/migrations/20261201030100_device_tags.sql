-- Tags of devices, the order of their list, and what is done to many of them at once.

-- As tags are kept: small letters, a hyphen for white space, each once, in order.
create function access.normal_tags(tags text[]) returns text[]
language sql immutable parallel safe
return coalesce(
  (select array_agg(distinct n.tag collate "C" order by n.tag collate "C")
   from unnest(tags) as t, lateral (select regexp_replace(lower(btrim(t)), '\s+', '-', 'g') as tag) as n
   where n.tag <> ''), '{}');

-- domain/tags.ts has the same bounds.
create function access.are_tags(tags text[]) returns boolean
language sql immutable parallel safe
return case when tags = '{}' then true
  else cardinality(tags) <= 16 and tags = access.normal_tags(tags)
    and not exists (select from unnest(tags) as t where (t ~ '^[a-z0-9][a-z0-9_.:-]{0,31}$') is not true) end;

-- A name so that text compares it as people do, pump-2 before pump-10: before each number stands how many digits it has.
create function access.natural_key(name text) returns text
language sql immutable parallel safe
return (
  select coalesce(string_agg(
    p.part[1] || case when p.part[2] = '' then '' else lpad(length(d.digits)::text, 3, '0') || d.digits end, '' order by p.n), '')
  from regexp_matches(lower(name), '(\D*)(\d*)', 'g') with ordinality as p (part, n),
    lateral (select ltrim(p.part[2], '0') as digits) as d
);

-- The table is rewritten: a row a device, no readings.
alter table public.devices
  add column tags text[] not null default '{}',
  -- squawk-ignore adding-field-with-default
  add column name_key text collate "C" not null generated always as (access.natural_key(name)) stored;
-- squawk-ignore constraint-missing-not-valid
alter table public.devices add constraint devices_tags_check check (access.are_tags(tags));
comment on column public.devices.tags is 'At most 16, as access.normal_tags keeps them. For lists, routes and rules.';
-- The list's order, and how a tag's devices are found: by their tenant. An index of tags would not be used, because row-level security
-- lets no operator on arrays be judged before it.
create index devices_by_name on public.devices (tenant_id, name_key, id);

-- The tags in use, and how many devices have each.
create view public.device_tags with (security_invoker = true) as
select d.tenant_id, t.tag, count(*)::int as devices from public.devices as d, unnest(d.tags) as t (tag) group by d.tenant_id, t.tag;
revoke all on public.device_tags from public, anon, authenticated, service_role;
grant select on public.device_tags to authenticated, service_role;

-- As access.audit(), but one entry a statement and tenant: a thousand devices that are switched off are one change. Arguments: the noun,
-- its plural, and the column that names a row to people.
create function access.audit_rows() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  hidden constant text[] := array['password_hash', 'name_key'];
  verb constant text := case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.changed' else '.deleted' end;
  -- [{"tenant": id, "subject": text, "details": {…}}, …]
  entries jsonb;
begin
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

drop trigger audit on public.devices;
create trigger audit_insert after insert on public.devices
  referencing new table as after for each statement execute function access.audit_rows('device', 'devices', 'slug');
create trigger audit_update after update on public.devices
  referencing old table as before new table as after for each statement execute function access.audit_rows('device', 'devices', 'slug');
create trigger audit_delete after delete on public.devices
  referencing old table as before for each statement execute function access.audit_rows('device', 'devices', 'slug');
drop trigger audit on public.device_credentials;
create trigger audit_insert after insert on public.device_credentials
  referencing new table as after for each statement execute function access.audit_rows('device_key', 'device_keys', 'device_id');
create trigger audit_update after update on public.device_credentials
  referencing old table as before new table as after for each statement
  execute function access.audit_rows('device_key', 'device_keys', 'device_id');

-- As before, and for a whole statement, whose rows are then the transition table `after`.
create or replace function access.limit_rows() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- How many rows more, by tenant.
  added jsonb;
  tenant uuid;
  more bigint;
  most bigint;
  used bigint;
begin
  if auth.uid() is null then
    return null;
  end if;
  if tg_level = 'ROW' then
    added := jsonb_build_object(new.tenant_id, 1);
  else
    added := (select jsonb_object_agg(a.tenant_id, a.times) from (select r.tenant_id, count(*) as times from after as r group by 1) as a);
  end if;
  for tenant, more in select a.key, a.value from jsonb_each_text(coalesce(added, '{}')) as a loop
    -- Two at once take turns, or both would count without the other.
    perform from public.tenants as t where t.id = tenant for no key update;
    most := access.limit_of(tenant, tg_argv[0]);
    execute format('select count(*) from %s as r where r.tenant_id = $1 and %s', tg_relid::regclass, coalesce(tg_argv[2], 'true'))
      into used using tenant;
    if used > most then
      raise exception 'this tenant has % %, its limit is %', used - more, tg_argv[1], most
        using errcode = 'insufficient_privilege',
          hint = 'Remove what is not needed, or ask the platform''s operator for more.';
    end if;
  end loop;
  return null;
end
$$;
drop trigger limit_rows on public.devices;
create trigger limit_rows after insert on public.devices
  referencing new table as after for each statement execute function access.limit_rows('max_devices', 'devices');

-- Raises when these are too many devices for one statement. Locks them in one order, or two at once could each wait for the other.
create function access.lock_devices(tenant_id uuid, device_ids uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if (cardinality(device_ids) between 1 and 1000) is not true then
    raise exception '% devices at once', coalesce(cardinality(device_ids), 0)
      using errcode = 'invalid_parameter_value', hint = 'Send 1 to 1000 ids at a time.';
  end if;
  perform from public.devices as d where d.tenant_id = lock_devices.tenant_id and d.id = any (device_ids) order by d.id for update;
end
$$;

create function access.check_tags(tags text[]) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if access.are_tags(access.normal_tags(tags)) is not true then
    raise exception 'the tags are not allowed'
      using errcode = 'invalid_parameter_value',
        hint = 'Use at most 16 tags, each of 1 to 32 of a-z, 0-9, "_", ".", ":" and "-", beginning with a letter or digit.';
  end if;
end
$$;

-- Adds tags to a tenant's devices, takes tags from them, and returns how many devices it changed.
create function public.tag_devices(tenant_id uuid, device_ids uuid[], added text[] default '{}', removed text[] default '{}') returns int
language plpgsql security definer set search_path = ''
as $$
declare
  full_device text;
  changed int;
begin
  perform access.require_role(tag_devices.tenant_id, '{owner,staff}');
  perform access.lock_devices(tag_devices.tenant_id, device_ids);
  perform access.check_tags(added);
  perform access.check_tags(removed);
  with tagged as (
    select d.id, array(select t from unnest(access.normal_tags(d.tags || added)) as t where t <> all (access.normal_tags(removed))) as tags
    from public.devices as d where d.tenant_id = tag_devices.tenant_id and d.id = any (device_ids)
  ), updated as (
    update public.devices as d set tags = t.tags from tagged as t
    where d.id = t.id and d.tags <> t.tags and cardinality(t.tags) <= 16 returning 1
  )
  select (select count(*) from updated), (select min(d.slug) from tagged as t join public.devices as d using (id) where cardinality(t.tags) > 16)
  into changed, full_device;
  if full_device is not null then
    raise exception 'the device "%" would have more than 16 tags', full_device
      using errcode = 'invalid_parameter_value', hint = 'Remove tags that are not needed. Nothing was changed.';
  end if;
  return changed;
end
$$;

-- Lets a tenant's devices connect, or cuts them off; returns how many it changed.
create function public.set_devices_enabled(tenant_id uuid, device_ids uuid[], enabled boolean) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  changed int;
begin
  perform access.require_role(set_devices_enabled.tenant_id, '{owner,staff}');
  perform access.lock_devices(set_devices_enabled.tenant_id, device_ids);
  if set_devices_enabled.enabled is null then
    raise exception 'enabled is null' using errcode = 'invalid_parameter_value', hint = 'Use true or false.';
  end if;
  update public.devices as d set enabled = set_devices_enabled.enabled
  where d.tenant_id = set_devices_enabled.tenant_id and d.id = any (device_ids) and d.enabled <> set_devices_enabled.enabled;
  get diagnostics changed = row_count;
  return changed;
end
$$;

-- Removes a tenant's devices as delete_device() removes one; returns how many.
create function public.delete_devices(tenant_id uuid, device_ids uuid[]) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  gone int;
begin
  perform access.require_role(delete_devices.tenant_id, '{owner,staff}');
  perform access.lock_devices(delete_devices.tenant_id, device_ids);
  delete from public.devices as d where d.tenant_id = delete_devices.tenant_id and d.id = any (device_ids);
  get diagnostics gone = row_count;
  return gone;
end
$$;

revoke all on function access.normal_tags(text[]), access.are_tags(text[]), access.natural_key(text), access.audit_rows(),
  access.lock_devices(uuid, uuid[]), access.check_tags(text[]), public.tag_devices(uuid, uuid[], text[], text[]),
  public.set_devices_enabled(uuid, uuid[], boolean), public.delete_devices(uuid, uuid[])
  from public, anon, authenticated, service_role;
-- A constraint and a generated column call them as the role that writes.
grant execute on function access.normal_tags(text[]), access.are_tags(text[]), access.natural_key(text)
  to authenticated, service_role, mqtt_ingest;
grant execute on function public.tag_devices(uuid, uuid[], text[], text[]), public.set_devices_enabled(uuid, uuid[], boolean),
  public.delete_devices(uuid, uuid[]) to authenticated;
