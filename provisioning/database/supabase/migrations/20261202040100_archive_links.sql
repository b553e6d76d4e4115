-- A tenant's own archive. An owner asks for some days; the next run of the archive (ops/archive) makes a link for each object, and only
-- owners can read the links. A link is a secret until it ends: it is not audited, not backed up, and goes when it has ended.

create table public.archive_requests (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  first_day date not null,
  last_day date not null check (last_day >= first_day and last_day - first_day < 366),
  asked_at timestamptz not null default clock_timestamp(),
  -- When the links were made. Null: the next run makes them.
  made_at timestamptz,
  -- When they end.
  ends_at timestamptz check ((ends_at is null) = (made_at is null)),
  unique (tenant_id, id)
);
comment on table public.archive_requests is 'Days of the archive that owners have asked for. Written by functions only.';
create unique index archive_requests_one_open on public.archive_requests (tenant_id) where made_at is null;
create index archive_requests_ends on public.archive_requests (ends_at) where ends_at is not null;

-- A small table: a row an object.
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
alter table ingest.archive_objects add unique (tenant_id, name);

create table public.archive_links (
  request_id uuid not null,
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null,
  day date not null,
  rows bigint not null,
  bytes bigint not null,
  -- With a signature: who has it reads the object, until `ends_at`.
  url text not null check (length(url) between 1 and 2000),
  ends_at timestamptz not null,
  primary key (request_id, name),
  foreign key (tenant_id, request_id) references public.archive_requests (tenant_id, id) on delete cascade,
  -- An object that leaves the archive takes its links with it.
  foreign key (tenant_id, name) references ingest.archive_objects (tenant_id, name) on delete cascade
);
comment on table public.archive_links is 'Links to archived objects. Secret, so not backed up and not audited. Written by the run of the archive.';
create index archive_links_name on public.archive_links (tenant_id, name);
create index archive_links_request on public.archive_links (tenant_id, request_id);

do $$
declare
  name text;
begin
  foreach name in array array['archive_requests', 'archive_links'] loop
    execute format('alter table public.%I enable row level security', name);
    execute format('alter table public.%I force row level security', name);
    execute format('revoke all on public.%I from public, anon, authenticated, service_role', name);
    execute format('grant select on public.%I to authenticated', name);
  end loop;
end
$$;
create policy owners_select on public.archive_requests for select to authenticated
  using (tenant_id = any ((select access.owned_tenants())::uuid[]));
create policy owners_select on public.archive_links for select to authenticated
  using (tenant_id = any ((select access.owned_tenants())::uuid[]));
create trigger audit after insert on public.archive_requests
  for each row execute function access.audit('archive_request', 'id');

-- What is archived of a tenant, a row a month; ten years are the most that retention knows.
create function public.archived_months(tenant_id uuid) returns table (month date, first_day date, last_day date, days int, rows bigint, bytes bigint)
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.require_role(archived_months.tenant_id, '{owner}');
  return query
    select date_trunc('month', o.day::timestamp)::date, min(o.day), max(o.day), count(distinct o.day)::int, sum(o.rows)::bigint, sum(o.bytes)::bigint
    from ingest.archive_objects as o
    where o.tenant_id = archived_months.tenant_id and o.superseded_at is null
    group by 1 order by 1 desc limit 130;
end
$$;

-- Asks for links to the objects of these days, of 366 at most.
create function public.ask_archive(tenant_id uuid, first_day date, last_day date) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  found int;
  request uuid;
begin
  perform access.require_role(ask_archive.tenant_id, '{owner}');
  if (ask_archive.last_day >= ask_archive.first_day and ask_archive.last_day - ask_archive.first_day < 366) is not true then
    raise exception 'these days cannot be asked for' using errcode = 'invalid_parameter_value',
      hint = 'Give a first and a last day, at most 366 days.';
  end if;
  -- Two at once take turns.
  perform from public.tenants as t where t.id = ask_archive.tenant_id for no key update;
  if exists (select from public.archive_requests as r where r.tenant_id = ask_archive.tenant_id and r.made_at is null) then
    raise exception 'links have been asked for already' using errcode = 'insufficient_privilege', hint = 'Wait until they are made.';
  end if;
  if (select count(*) from public.archive_requests as r
      where r.tenant_id = ask_archive.tenant_id and r.asked_at > clock_timestamp() - interval '1 day') >= 5 then
    raise exception 'this tenant has asked for links 5 times in the last 24 hours' using errcode = 'insufficient_privilege',
      hint = 'Use the links that were made, or wait.';
  end if;
  select count(*) into found from (
    select from ingest.archive_objects as o
    where o.tenant_id = ask_archive.tenant_id and o.superseded_at is null
      and o.day between ask_archive.first_day and ask_archive.last_day
    limit 1001) as few;
  if found = 0 then
    raise exception 'nothing is archived of these days' using errcode = 'invalid_parameter_value',
      hint = 'See which months are archived; later readings are in the platform.';
  elsif found > 1000 then
    raise exception 'the archive has more than 1,000 files of these days' using errcode = 'invalid_parameter_value',
      hint = 'Ask for fewer days.';
  elsif found + (select count(*) from public.archive_links as l where l.tenant_id = ask_archive.tenant_id) > 3000 then
    raise exception 'this tenant would have more than 3,000 links that work' using errcode = 'insufficient_privilege',
      hint = 'Use them, or wait until they end.';
  end if;
  insert into public.archive_requests (tenant_id, first_day, last_day)
  values (ask_archive.tenant_id, ask_archive.first_day, ask_archive.last_day)
  returning id into request;
  return request;
end
$$;

-- For the run of the archive: the objects that are asked for, by request. A request without objects has one row without a name.
create function ingest.asked_objects() returns table (request uuid, tenant_id uuid, name text, day date)
language sql stable security definer set search_path = ''
as $$
  select r.id, r.tenant_id, o.name, o.day
  from public.archive_requests as r
  left join lateral (
    select a.name, a.day from ingest.archive_objects as a
    where a.tenant_id = r.tenant_id and a.superseded_at is null and a.day between r.first_day and r.last_day
    order by a.day, a.name limit 1000
  ) as o on true
  where r.made_at is null
  order by r.asked_at, r.id, o.day, o.name;
$$;

-- Notes the links of a request. An object that was removed meanwhile gets none.
create function ingest.record_archive_links(request uuid, names text[], urls text[], ends_at timestamptz) returns void
language sql security definer set search_path = ''
as $$
  insert into public.archive_links (request_id, tenant_id, name, day, rows, bytes, url, ends_at)
  select r.id, r.tenant_id, o.name, o.day, o.rows, o.bytes, l.url, record_archive_links.ends_at
  from unnest(record_archive_links.names, record_archive_links.urls) as l (name, url)
  join ingest.archive_objects as o on o.name = l.name and o.superseded_at is null
  join public.archive_requests as r on r.id = record_archive_links.request and r.tenant_id = o.tenant_id and r.made_at is null;
  update public.archive_requests as r set made_at = clock_timestamp(), ends_at = record_archive_links.ends_at
  where r.id = record_archive_links.request and r.made_at is null;
$$;

-- Removes at most `most` requests whose links have ended, and with each its links, 1,000 at most. Returns how many.
create function ingest.end_archive_links(most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  gone int;
begin
  delete from public.archive_requests as r
  where r.id = any (array(select o.id from public.archive_requests as o where o.ends_at <= now() order by o.ends_at limit least(most, 100)));
  get diagnostics gone = row_count;
  return gone;
end
$$;

revoke all on function public.archived_months(uuid), public.ask_archive(uuid, date, date), ingest.asked_objects(),
  ingest.record_archive_links(uuid, text[], text[], timestamptz), ingest.end_archive_links(int)
  from public, anon, authenticated, service_role;
grant execute on function public.archived_months(uuid), public.ask_archive(uuid, date, date) to authenticated;
grant execute on function ingest.asked_objects(), ingest.record_archive_links(uuid, text[], text[], timestamptz) to archive_writer;
grant execute on function ingest.end_archive_links(int) to mqtt_ingest;
