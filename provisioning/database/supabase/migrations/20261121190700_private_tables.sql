-- Row-level security on the private schemas' tables too: no policy, so whoever is let in by mistake sees nothing. Those
-- who work there bypass it: mqtt_ingest, and the owner that functions and views run as.

do $$
declare
  relation regclass;
begin
  for relation in
    select c.oid from pg_catalog.pg_class as c
    where c.relnamespace::regnamespace::text in ('ingest', 'broker', 'access') and c.relkind in ('r', 'p')
  loop
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
  end loop;
end
$$;
