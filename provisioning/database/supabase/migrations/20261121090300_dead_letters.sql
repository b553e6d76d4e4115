-- Messages that can never become a row, kept with their bytes and the reason, to be looked at and redriven.

create table public.dead_letters (
  id bigint generated always as identity primary key,
  -- Null when the topic names no registered tenant or device. No foreign keys: a dead letter must always be storable.
  tenant_id uuid,
  device_id uuid,
  topic text not null,
  payload bytea not null,
  content_type text,
  reason text not null check (reason <> ''),
  detail text,
  message_id text,
  -- Made by ingest from topic, payload and the message's identity, so that a redelivery is no second dead letter.
  fingerprint text not null unique check (octet_length(fingerprint) between 1 and 200),
  received_at timestamptz not null default now(),
  redriven_at timestamptz
);
create index dead_letters_tenant_received on public.dead_letters (tenant_id, received_at desc);

alter table public.dead_letters enable row level security;
alter table public.dead_letters force row level security;
revoke all on public.dead_letters from public, anon, authenticated, service_role;
grant select, update, delete on public.dead_letters to service_role;
grant insert on public.dead_letters to mqtt_ingest;
create policy service_role_all on public.dead_letters for all to service_role using (true) with check (true);
