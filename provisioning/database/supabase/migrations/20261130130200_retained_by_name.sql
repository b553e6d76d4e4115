-- A desired state does not outlive its device for the next one of its name, and the control loop finds devices by indexes.

-- A device whose name the broker still retains a deleted one's desired state for may not connect until the control loop has removed it.
create or replace view broker.registry as
select t.slug || '.' || d.slug as username, c.password_hash, t.slug as tenant_slug, d.slug as device_slug,
  'device' as kind, null::text as purpose, f.topics as former
from public.device_credentials as c
join public.devices as d on d.id = c.device_id and d.tenant_id = c.tenant_id
join public.tenants as t on t.id = d.tenant_id
left join (
  select k.tenant_id, k.device_id, array_agg(k.topic order by k.topic) as topics
  from broker.former_topics as k
  where k.until >= (now() at time zone 'UTC')::date
  group by 1, 2
) as f on f.tenant_id = d.tenant_id and f.device_id = d.id
where d.enabled and c.revoked_at is null
  and not exists (select from ingest.retained_of_deleted as g where g.tenant_slug = t.slug and g.device_slug = d.slug)
union all
select s.username, s.password_hash, null, null, 'service', s.purpose, case when s.purpose = 'ingest' then (
  select array_agg(distinct split_part(k.topic, '/', 1))
  from broker.former_topics as k
  where k.until >= (now() at time zone 'UTC')::date - 15
) end
from broker.service_accounts as s;

-- Devices that are looked at earlier when they are heard.
create index device_state_heard on public.device_state (tenant_id, device_id) where heard_from is not null;

-- What the control loop is to publish now: for at most `most` devices, first for one of each tenant, then for a second of each, and so on;
-- of each the desired state and at most 20 commands in order; `most_bytes` in all. Ends what has expired or was repeated in vain.
-- What is published must be told to ingest.control_done.
create or replace function ingest.control_work(most int, most_bytes int)
returns table (kind text, tenant_id uuid, device_id uuid, command_id uuid, version int, repeats boolean, tenant_slug text,
  device_slug text, payload text, expires_in double precision)
language plpgsql security definer set search_path = ''
as $$
declare
  tenants uuid[];
  devices uuid[];
begin
  select array_agg(q.tenant_id order by q.place, q.next_at), array_agg(q.device_id order by q.place, q.next_at) into tenants, devices
  from (
    select s.tenant_id, s.device_id, s.next_at, row_number() over (partition by s.tenant_id order by s.next_at) as place
    from (
      select d.tenant_id, d.device_id, d.next_at from public.device_state as d where d.next_at <= now()
      union
      select d.tenant_id, d.device_id, d.next_at
      from public.device_state as d
      join public.device_status as h on h.tenant_id = d.tenant_id and h.device_id = d.device_id
      where d.heard_from is not null and h.last_received_at > d.heard_from
    ) as s
    order by place, s.next_at limit most
  ) as q;
  update public.device_commands as c set sent_at = h.last_received_at
  from unnest(tenants, devices) as u (t, d)
  join public.device_status as h on h.tenant_id = u.t and h.device_id = u.d
  where c.tenant_id = u.t and c.device_id = u.d and c.sent_at is null and c.error is null and h.last_received_at > c.handed_at;
  update public.device_commands as c set error = case
      when c.expires_at > now() then 'The device did not acknowledge it, it was sent ' || c.tries || ' times.'
      when c.sent_at is not null then 'It expired: the device did not acknowledge it.'
      when c.handed_at is not null then 'It expired: the broker had it, and the device was not heard after that.'
      else 'It expired: the device was not connected.' end
  from unnest(tenants, devices) as u (t, d)
  where c.tenant_id = u.t and c.device_id = u.d and c.acknowledged_at is null and c.error is null and (c.sent_at is null or c.repeats)
    and (c.expires_at <= now() or c.tries >= 10 and ingest.repeat_at(c) <= now());
  perform ingest.schedule_devices(tenants, devices, '{}');
  -- Before it is published: nobody would know of a document whose device is deleted meanwhile.
  update public.device_state as s set retained = array[t.slug, d.slug]
  from unnest(tenants, devices) as u (t, d)
  join public.tenants as t on t.id = u.t
  join public.devices as d on d.tenant_id = u.t and d.id = u.d
  where s.tenant_id = u.t and s.device_id = u.d and s.desired is not null and s.retained is distinct from array[t.slug, d.slug];
  return query
  select w.kind, w.t, w.d, w.id, w.version, w.repeats, w.tenant_slug, w.device_slug, w.payload,
    extract(epoch from w.expires_at - clock_timestamp())::double precision
  from (
    select w.*, sum(octet_length(w.payload)) over (order by w.n, w.place rows unbounded preceding) as size
    from (
      (select 'clear' as kind, null::uuid as t, null::uuid as d, null::uuid as id, null::int as version, false as repeats,
        g.tenant_slug, g.device_slug, '' as payload, null::timestamptz as expires_at, 0::bigint as n, 0::bigint as place
      from ingest.retained_of_deleted as g limit 100)
      union all
      select p.kind, u.t, u.d, p.id, p.version, p.repeats, t.slug, d.slug, p.payload, p.expires_at, u.n, p.place
      from unnest(tenants, devices) with ordinality as u (t, d, n)
      join public.tenants as t on t.id = u.t
      join public.devices as d on d.tenant_id = u.t and d.id = u.d
      cross join lateral (
        select 'desired' as kind, null::uuid as id, s.desired_version as version, false as repeats, coalesce(s.desired::text, '') as payload,
          null::timestamptz as expires_at, 0::bigint as place
        from public.device_state as s
        where s.tenant_id = u.t and s.device_id = u.d and case
          when s.desired_version > s.published_version then coalesce(s.published_at + interval '1 minute', now()) <= now()
          else s.delta <> '{}' and s.published_at + interval '1 hour' <= now() end
        union all
        (select 'command', c.id, null, c.repeats, c.payload::text, c.expires_at, row_number() over (order by c.requested_at, c.id)
        from public.device_commands as c
        where c.tenant_id = u.t and c.device_id = u.d
          and c.acknowledged_at is null and c.error is null and (c.sent_at is null or c.repeats)
          and (c.handed_at is null or ingest.repeat_at(c) <= now())
        order by c.requested_at, c.id limit 20)
      ) as p
    ) as w
  ) as w
  where w.size <= most_bytes
  order by w.n, w.place;
end
$$;
