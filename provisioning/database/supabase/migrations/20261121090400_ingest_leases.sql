-- One ingest run at a time: a lease row with a fencing number. It works through a transaction pooler, where a session's
-- advisory lock would not, and a run that only believes it holds the lease is refused by the number.

create table ingest.leases (
  name text primary key check (name <> ''),
  holder text not null,
  -- Grows with every take-over, never shrinks, so the row is kept when the lease is released.
  fence bigint not null,
  expires_at timestamptz not null
);

create function ingest.check_lease_ttl(ttl interval) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if ttl is null or ttl <= interval '0' or ttl > interval '1 hour' then
    raise exception 'a lease lasts more than nothing and at most an hour, not %', coalesce(ttl::text, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- Takes the lease for `ttl` (at most an hour) and returns its fencing number, or null when another holder has it or a
-- transaction under it is still open. `lease_holder` is unique to the run; asking again under the same name takes over
-- too, with a new number. Never waits.
create function ingest.acquire_lease(lease_name text, lease_holder text, ttl interval) returns bigint
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
  where l.name = lease_name and (l.holder = lease_holder or l.expires_at <= clock_timestamp())
  for update skip locked;
  if not found then
    return null;
  end if;
  update ingest.leases as l
  set holder = lease_holder, fence = l.fence + 1, expires_at = clock_timestamp() + ttl
  where l.name = lease_name
  returning l.fence into taken;
  return taken;
end
$$;

-- Extends the lease to `ttl` from now. False when it has been taken over or released: stop writing.
create function ingest.renew_lease(lease_name text, lease_holder text, lease_fence bigint, ttl interval) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  perform ingest.check_lease_ttl(ttl);
  update ingest.leases as l
  set expires_at = clock_timestamp() + ttl
  where l.name = lease_name and l.holder = lease_holder and l.fence = lease_fence;
  return found;
end
$$;

-- Gives the lease back, so that the next run need not wait for it to expire. Does nothing when it is not held.
create function ingest.release_lease(lease_name text, lease_holder text, lease_fence bigint) returns void
language sql security definer set search_path = ''
as $$
  update ingest.leases as l
  set holder = '', expires_at = '-infinity'
  where l.name = lease_name and l.holder = lease_holder and l.fence = lease_fence;
$$;

-- Call it inside the transaction that writes. Raises MS001 when `lease_fence` is not the lease's number any more; else
-- the lease cannot change hands before this transaction ends (renewing it stays possible: FOR KEY SHARE).
create function ingest.assert_fence(lease_name text, lease_fence bigint) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  current_fence bigint;
begin
  select l.fence into current_fence from ingest.leases as l where l.name = lease_name for key share;
  if (current_fence = lease_fence) is not true then
    raise exception 'lease % is at fence %, this run holds %: another run has taken over',
      lease_name, coalesce(current_fence::text, 'none'), coalesce(lease_fence::text, 'none')
      using errcode = 'MS001';
  end if;
end
$$;

revoke all on ingest.leases from public, anon, authenticated, service_role;
revoke all on function
  ingest.check_lease_ttl(interval),
  ingest.acquire_lease(text, text, interval),
  ingest.renew_lease(text, text, bigint, interval),
  ingest.release_lease(text, text, bigint),
  ingest.assert_fence(text, bigint)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.acquire_lease(text, text, interval),
  ingest.renew_lease(text, text, bigint, interval),
  ingest.release_lease(text, text, bigint),
  ingest.assert_fence(text, bigint)
  to mqtt_ingest;
