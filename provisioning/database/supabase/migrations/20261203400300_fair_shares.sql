-- One tenant's large deletion or request holds up nobody for long.

-- As before, of 1,000 devices at most: ingest waits for the rows of their status while they are locked.
create or replace function public.delete_devices(tenant_id uuid, device_ids uuid[]) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  gone int;
begin
  perform access.require_role(delete_devices.tenant_id, '{owner,staff}');
  if cardinality(device_ids) > 1000 then
    raise exception '% devices at once', cardinality(device_ids)
      using errcode = 'invalid_parameter_value', hint = 'Send 1 to 1000 ids at a time.';
  end if;
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

-- As before, each tenant's in turn: one that deletes ten thousand devices must not delay the others.
create or replace function ingest.sessions_to_end(most int) returns table (tenant_slug text, device_slug text)
language plpgsql security definer set search_path = ''
as $$
begin
  delete from ingest.sessions_of_deleted as s using public.tenants as t, public.devices as d
  where s.next_at <= now() and t.slug = s.tenant_slug and d.tenant_id = t.id and d.slug = s.device_slug;
  return query
    select d.tenant_slug, d.device_slug
    from (
      select s.tenant_slug, s.device_slug, s.next_at,
        row_number() over (partition by s.tenant_slug order by s.next_at, s.device_slug) as turn
      from ingest.sessions_of_deleted as s where s.next_at <= now()
    ) as d
    order by d.turn, d.next_at limit least(most, 1000);
end
$$;

-- As before, of the 20 oldest requests: the caller asks again.
create or replace function ingest.asked_objects() returns table (request uuid, tenant_id uuid, name text, day date)
language sql stable security definer set search_path = ''
as $$
  select r.id, r.tenant_id, o.name, o.day
  from (
    select q.* from public.archive_requests as q where q.made_at is null order by q.asked_at, q.id limit 20
  ) as r
  left join lateral (
    select a.name, a.day from ingest.archive_objects as a
    where a.tenant_id = r.tenant_id and a.superseded_at is null and a.day between r.first_day and r.last_day
    order by a.day, a.name limit 1000
  ) as o on true
  order by r.asked_at, r.id, o.day, o.name;
$$;
