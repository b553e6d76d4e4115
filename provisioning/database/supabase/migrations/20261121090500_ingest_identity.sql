-- What ingest looks up while it stores a batch: which devices are registered, and what it has already stored of messages
-- that carry no timestamp of their own.

create view ingest.registered_devices as
select t.slug as tenant_slug, d.slug as device_slug, d.tenant_id, d.id as device_id, d.enabled
from public.devices as d
join public.tenants as t on t.id = d.tenant_id;
comment on view ingest.registered_devices is 'Topic names to ids. Reads the registry with its owner''s rights.';

-- A message without a timestamp gets one when it is received, so its redelivery would get another and be a second row:
-- the first identity given is kept here, and found again by the packet (session, packet_id) or the content.
create table ingest.untimed (
  tenant_id uuid not null,
  device_id uuid not null,
  message_id text not null check (octet_length(message_id) between 1 and 200),
  ts timestamptz not null,
  session text not null,
  packet_id int not null check (packet_id between 1 and 65535),
  content_hash text not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, device_id, message_id)
);
create index untimed_session_packet on ingest.untimed (session, packet_id);
create index untimed_received on ingest.untimed (received_at);

-- Forgets identities older than `older_than` (at least an hour: a session's queue may still redeliver). Returns how many.
create function ingest.prune_untimed(older_than interval) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  pruned bigint;
begin
  if older_than is null or older_than < interval '1 hour' then
    raise exception 'older_than is %, it must be an hour or more', coalesce(older_than::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  delete from ingest.untimed where received_at < now() - older_than;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

revoke all on ingest.registered_devices, ingest.untimed from public, anon, authenticated, service_role;
revoke all on function ingest.prune_untimed(interval) from public, anon, authenticated, service_role;
grant select on ingest.registered_devices to mqtt_ingest;
grant select, insert on ingest.untimed to mqtt_ingest;
grant execute on function ingest.prune_untimed(interval) to mqtt_ingest;
