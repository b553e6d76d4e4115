-- Which packets brought a reading that was a duplicate, and what a dead letter needs to be read again.

-- A reading with neither id nor timestamp that equals one of its bucket is no row, and ingest.untimed has the packet of
-- the first one only. Kept here, it is recognised when the broker sends it again in a later bucket, where its equal no
-- longer is.
create table ingest.untimed_repeats (
  session text not null,
  packet_id int not null check (packet_id between 1 and 65535),
  content_hash text not null,
  received_at timestamptz not null,
  primary key (session, packet_id, content_hash)
);
create index untimed_repeats_received on ingest.untimed_repeats (received_at);
revoke all on ingest.untimed_repeats from public, anon, authenticated, service_role;
grant select, insert, update on ingest.untimed_repeats to mqtt_ingest;

create or replace function ingest.prune_untimed(older_than interval) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  pruned bigint;
begin
  if older_than is null or older_than < interval '1 hour' then
    raise exception 'older_than is %, it must be an hour or more', coalesce(older_than::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  delete from ingest.untimed_repeats where received_at < now() - older_than;
  delete from ingest.untimed where received_at < now() - older_than;
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

alter table public.dead_letters
  -- The message's user properties `id` and `ts`, where it had any: without them it would be another message.
  add column properties jsonb,
  -- What it became when it was redriven.
  add column redriven_as text check (redriven_as in ('stored', 'duplicate'));
create index dead_letters_received on public.dead_letters (received_at desc);
