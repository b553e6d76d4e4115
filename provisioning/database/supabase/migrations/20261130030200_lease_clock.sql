-- A lease does not outlive a database's clock that is set back: when it was taken or renewed more than a minute after now, that
-- was by a clock which no longer holds. Its holder, if it lives, renews it within seconds; if another run is faster, the fencing
-- number keeps the former one from writing.

alter table ingest.leases add column renewed_at timestamptz not null default now();

create or replace function ingest.acquire_lease(lease_name text, lease_holder text, ttl interval) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  taken bigint;
begin
  perform ingest.check_lease_ttl(ttl);
  insert into ingest.leases (name, holder, fence, expires_at) values (lease_name, '', 0, '-infinity')
  on conflict do nothing;
  -- FOR UPDATE conflicts with assert_fence's FOR KEY SHARE: no take-over while the old holder's batch may yet commit.
  perform from ingest.leases as l
  where l.name = lease_name
    and (l.holder = lease_holder or l.expires_at <= clock_timestamp() or l.renewed_at > clock_timestamp() + interval '1 minute')
  for update skip locked;
  if not found then
    return null;
  end if;
  update ingest.leases as l
  set holder = lease_holder, fence = l.fence + 1, expires_at = clock_timestamp() + ttl, renewed_at = clock_timestamp()
  where l.name = lease_name
  returning l.fence into taken;
  return taken;
end
$$;

create or replace function ingest.renew_lease(lease_name text, lease_holder text, lease_fence bigint, ttl interval) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  perform ingest.check_lease_ttl(ttl);
  update ingest.leases as l
  set expires_at = clock_timestamp() + ttl, renewed_at = clock_timestamp()
  where l.name = lease_name and l.holder = lease_holder and l.fence = lease_fence;
  return found;
end
$$;
