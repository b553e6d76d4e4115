-- The list of devices as its page asks for it, a part at a time, and many devices added at once.

-- A device with what its list filters and sorts by. `state` is that of apps/dashboard/features/devices/state.ts: live for 2 minutes after
-- the last message, or for three of the device's own intervals, whichever is longer.
create view public.device_list with (security_invoker = true) as
select d.tenant_id, d.id, d.slug, d.name, d.name_key, d.enabled, d.created_at, d.tags,
  -- What a search looks at.
  d.name || ' ' || d.slug as words,
  -- Never null: a part of the list begins after the last row of the former one.
  coalesce(s.last_received_at, '-infinity') as last_received_at,
  case when not d.enabled then 'disabled'
    when s.last_received_at > now() - interval '2 minutes' then 'live'
    when s.last_received_at > now() - interval '3 seconds' * (
      select g.gap from unnest(s.gaps) as g (gap) order by g.gap desc offset (cardinality(s.gaps) > 1)::int limit 1) then 'live'
    else 'quiet' end as state
from public.devices as d
left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id;
revoke all on public.device_list from public, anon, authenticated, service_role;
grant select on public.device_list to authenticated, service_role;

-- Adds devices with the hashes of their keys, [{"slug", "name", "tags", "password_hash"}, …], all or none; returns how many. One that is
-- there with this very hash was added by the same call before, whose answer was lost.
create function access.insert_devices(tenant_id uuid, devices jsonb) returns int
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  tenant constant uuid := insert_devices.tenant_id;
  given record;
  taken text;
  made int;
begin
  for given in select * from jsonb_to_recordset(devices) as g (slug text, name text, tags text[], password_hash text) loop
    if (given.slug ~ '^[a-z0-9][a-z0-9-]{0,62}$') is not true then
      raise exception 'the slug "%" is not allowed', left(given.slug, 100)
        using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
    end if;
    perform access.check_name(given.name);
    perform access.check_tags(given.tags);
    perform access.check_password_hash(given.password_hash);
  end loop;
  with given as materialized (
    select g.slug, g.name, access.normal_tags(g.tags) as tags, g.password_hash
    from jsonb_to_recordset(devices) as g (slug text, name text, tags text[], password_hash text)
  ), added as (
    insert into public.devices (tenant_id, slug, name, tags) select tenant, g.slug, g.name, g.tags from given as g order by g.slug
    on conflict (tenant_id, slug) do nothing returning id, slug
  ), keyed as (
    insert into public.device_credentials (tenant_id, device_id, password_hash)
    select tenant, a.id, g.password_hash from added as a join given as g using (slug)
  )
  select count(*) into made from added;
  select min(g.slug) into taken
  from jsonb_to_recordset(devices) as g (slug text, password_hash text)
  where not exists (
    select from public.devices as d join public.device_credentials as c on c.tenant_id = d.tenant_id and c.device_id = d.id
    where d.tenant_id = tenant and d.slug = g.slug and c.password_hash = g.password_hash and c.revoked_at is null);
  if taken is not null then
    raise exception 'there is a device "%" already', taken
      using errcode = 'unique_violation', hint = 'Leave it out of the import, or choose another slug. Nothing was added.';
  end if;
  return made;
end
$$;

create function public.import_devices(tenant_id uuid, devices jsonb) returns int
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(import_devices.tenant_id, '{owner,staff}');
  if (jsonb_typeof(devices) = 'array' and jsonb_array_length(devices) between 1 and 1000 and octet_length(devices::text) <= 4194304)
    is not true then
    raise exception 'an import is a list of 1 to 1000 devices, of at most 4 MiB'
      using errcode = 'invalid_parameter_value', hint = 'Import the file in parts.';
  end if;
  return access.insert_devices(import_devices.tenant_id, devices);
end
$$;

revoke all on function access.insert_devices(uuid, jsonb), public.import_devices(uuid, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.import_devices(uuid, jsonb) to authenticated;
