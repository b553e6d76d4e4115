-- The canary: a message of ingest's own that goes the way of every reading. When one that the broker acknowledged does not come, the
-- readings that it acknowledged do not come either, whatever the ledger says.

create table ingest.canaries (
  -- The broker's session: client id and user.
  session text primary key check (session <> ''),
  -- When the newest that the broker has acknowledged was published, and the newest that has come through a transaction.
  published_at timestamptz,
  came_at timestamptz,
  -- When one was last missed.
  missed_at timestamptz
);
alter table ingest.canaries enable row level security;
alter table ingest.canaries force row level security;
revoke all on ingest.canaries from public, anon, authenticated, service_role;

-- Notes, in a batch's transaction, that the canary of that time has come.
create function ingest.canary_came(of_session text, at timestamptz) returns void
language sql security definer set search_path = ''
as $$
  insert into ingest.canaries as c (session, came_at) values (of_session, at)
  on conflict (session) do update set came_at = greatest(c.came_at, excluded.came_at);
$$;

-- Notes that the broker has acknowledged another one. `is_missing`: the previous one has not come. `age_seconds` of the newest that has.
create function ingest.canary_published(of_session text, at timestamptz, is_drained boolean)
returns table (is_missing boolean, age_seconds double precision)
language plpgsql security definer set search_path = ''
as $$
declare
  before ingest.canaries;
begin
  select * into before from ingest.canaries as c where c.session = of_session for update;
  is_missing := is_drained and before.published_at is not null and before.published_at > coalesce(before.came_at, '-infinity');
  age_seconds := extract(epoch from clock_timestamp() - before.came_at);
  insert into ingest.canaries as c (session, published_at) values (of_session, at)
  on conflict (session) do update set published_at = excluded.published_at,
    missed_at = case when is_missing then clock_timestamp() else c.missed_at end;
  -- Accounts change; one without canaries for a day is gone.
  delete from ingest.canaries as c where c.published_at < clock_timestamp() - interval '1 day' and c.session <> of_session;
  return next;
end
$$;

-- For operators: how old the newest canary is that has come.
create view ingest.canary_ages as
select c.session, extract(epoch from clock_timestamp() - c.came_at) as age_seconds, c.missed_at from ingest.canaries as c;
comment on view ingest.canary_ages is 'How far behind the newest message is that went through broker, ingest and database; and when one was last lost.';
revoke all on ingest.canary_ages from public, anon, authenticated, service_role;

revoke all on function ingest.canary_came(text, timestamptz), ingest.canary_published(text, timestamptz, boolean)
  from public, anon, authenticated, service_role;
grant execute on function ingest.canary_came(text, timestamptz), ingest.canary_published(text, timestamptz, boolean)
  to mqtt_ingest;
