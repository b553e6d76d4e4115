-- For how long no message went through: what the operator's reports call uptime. A canary comes every minute; where more than three minutes
-- lie between two of them, broker, ingest or database did not work, and devices' readings waited.

-- The first row, of no length, says since when this is written.
create table ingest.outages (
  id bigint generated always as identity primary key,
  -- Sent at these times: the last canary before it, and the first after it.
  began_at timestamptz not null,
  ended_at timestamptz not null check (ended_at >= began_at)
);
create index outages_ended_at on ingest.outages (ended_at);
alter table ingest.outages enable row level security;
alter table ingest.outages force row level security;
revoke all on ingest.outages from public, anon, authenticated, service_role;

create function ingest.note_outage() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- An ingest account that has just been replaced has its own row.
  previous constant timestamptz := greatest(
    case when tg_op = 'UPDATE' then old.came_at end,
    (select max(c.came_at) from ingest.canaries as c where c.session <> new.session));
begin
  if not exists (select from ingest.outages) then
    insert into ingest.outages (began_at, ended_at) values (new.came_at, new.came_at);
  elsif new.came_at > previous + interval '3 minutes' then
    insert into ingest.outages (began_at, ended_at) values (previous, new.came_at);
    delete from ingest.outages as o where o.ended_at < new.came_at - interval '400 days';
  end if;
  return null;
end
$$;
revoke all on function ingest.note_outage() from public, anon, authenticated, service_role;
create trigger note_outage_at_first after insert on ingest.canaries
  for each row when (new.came_at is not null) execute function ingest.note_outage();
create trigger note_outage after update of came_at on ingest.canaries
  for each row when (new.came_at is distinct from old.came_at) execute function ingest.note_outage();
