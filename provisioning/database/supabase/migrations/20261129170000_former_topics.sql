-- Topics that devices had on another platform, such as devices/abc, and keep until a day: the broker lets that device, and no
-- other, publish there and below, and ingest stores it as the device's. The platform's operator alone writes here.

create table broker.former_topics (
  -- FORMER_TOPIC_PATTERN in domain/former-topics.ts. Two levels: none can lie under another, so none is written to by two.
  topic text primary key check (topic ~ '^(?!(tenants|probe)/)[A-Za-z0-9._:-]{1,64}/[A-Za-z0-9._:-]{1,64}$'),
  -- Null: the tenant was removed. The topic is nobody else's as long as messages may wait there.
  tenant_id uuid references public.tenants (id) on delete set null,
  -- Until then the topic was another tenant's. A row stays when its time is over, so that this is known.
  tenant_since timestamptz not null default '-infinity',
  -- Null: the device was deleted. The topic remains its tenant's.
  device_id uuid,
  -- The last day, in UTC.
  until date not null check (isfinite(until)),
  created_at timestamptz not null default now(),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete set null (device_id)
);
comment on table broker.former_topics is
  'Topics that devices keep from before the platform, each until a day. Changed by `ops device former-topic`.';
create index former_topics_device on broker.former_topics (tenant_id, device_id);

alter table broker.former_topics enable row level security;
alter table broker.former_topics force row level security;
revoke all on broker.former_topics from public, anon, authenticated, service_role;
create trigger audit after insert or update or delete on broker.former_topics
  for each row execute function access.audit('former_topic', 'topic');

-- Ends the topics of a removed tenant.
create function broker.end_former_topic() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.device_id := null;
  new.until := least(new.until, (now() at time zone 'UTC')::date);
  return new;
end
$$;
revoke all on function broker.end_former_topic() from public, anon, authenticated, service_role;
create trigger end_former_topic before update on broker.former_topics
  for each row when (new.tenant_id is null) execute function broker.end_former_topic();

-- What a device published by the last day may wait on the broker for 14 days more (persistent_client_expiration). So long
-- ingest may read it, or the broker would delete it from ingest's queue, and so long ingest knows whose it is. It is 15
-- days below: a topic that is ended in the course of a day has the day before as its last.
--
-- `former`: where a device may publish besides; for ingest, the first words of what it may read besides.
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
union all
select s.username, s.password_hash, null, null, 'service', s.purpose, case when s.purpose = 'ingest' then (
  select array_agg(distinct split_part(k.topic, '/', 1))
  from broker.former_topics as k
  where k.until >= (now() at time zone 'UTC')::date - 15
) end
from broker.service_accounts as s;

create view ingest.former_topics as
select k.topic, k.until >= (now() at time zone 'UTC')::date as in_force, k.tenant_id, t.slug as tenant_slug, k.tenant_since,
  d.device_id, d.device_slug, d.max_payload_bytes, d.max_depth, d.max_ahead_seconds, d.max_age_seconds, d.metered
from broker.former_topics as k
left join public.tenants as t on t.id = k.tenant_id
left join ingest.registered_devices as d on d.tenant_id = k.tenant_id and d.device_id = k.device_id
where k.until >= (now() at time zone 'UTC')::date - 15;
comment on view ingest.former_topics is 'Former topics to tenants and, unless deleted, devices. Reads the registry with its owner''s rights.';

revoke all on ingest.former_topics from public, anon, authenticated, service_role;
grant select on ingest.former_topics to mqtt_ingest;

-- A letter on a topic that became another tenant's is not redriven: whose it is, is returned too.
drop function ingest.take_dead_letter(bigint);
create function ingest.take_dead_letter(letter_id bigint)
returns table (
  tenant_id uuid, topic text, payload bytea, content_type text, properties jsonb, received_at timestamptz
)
language sql security definer set search_path = ''
as $$
  select l.tenant_id, l.topic, l.payload, l.content_type, l.properties, l.received_at from public.dead_letters as l
  where l.id = letter_id and l.redriven_at is null and l.redrive_requested_at is not null
  for update skip locked;
$$;
revoke all on function ingest.take_dead_letter(bigint) from public, anon, authenticated, service_role;
grant execute on function ingest.take_dead_letter(bigint) to mqtt_ingest;
