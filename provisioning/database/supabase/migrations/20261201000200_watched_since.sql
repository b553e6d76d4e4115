-- The first row of ingest.outages, of no length, says since when outages are noted. It was removed with the outages of its age, and the
-- reports' uptime then began at the first outage that was left.

create or replace function ingest.note_outage() returns trigger
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
    delete from ingest.outages as o where o.ended_at < new.came_at - interval '400 days' and o.ended_at > o.began_at;
  end if;
  return null;
end
$$;
