-- An owner chooses for how many days the tenant's readings stay, within what the platform's operator allows: fewer, never more. Fewer days
-- take effect a week later, and until then can be taken back.

create table ingest.chosen_retention (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  days int not null check (days between 1 and 3650),
  -- The day of ingest.retention_today from which it counts; until then `former` does. Null: what the operator allows.
  since date not null,
  former int check (former between 1 and 3650)
);
alter table ingest.chosen_retention enable row level security;
alter table ingest.chosen_retention force row level security;
revoke all on ingest.chosen_retention from public, anon, authenticated, service_role;
create trigger audit after insert or update or delete on ingest.chosen_retention
  for each row execute function access.audit('retention', 'days');

-- What the operator allows; null: any number of days.
create function ingest.allowed_retention(tenant uuid) returns int
language sql stable security definer set search_path = ''
as $$
  select coalesce((select o.days from ingest.tenant_retention as o where o.tenant_id = tenant), (select r.days from ingest.retention as r));
$$;

-- What is in force. Of nulls, least() takes the others.
create or replace function ingest.retention_days(tenant uuid) returns int
language sql stable security definer set search_path = ''
as $$
  select least(ingest.allowed_retention(tenant),
    (select case when c.since <= ingest.retention_today() then c.days else c.former end
     from ingest.chosen_retention as c where c.tenant_id = tenant));
$$;

-- In force for tenants whose days are not those of all others.
create function ingest.own_retention() returns table (tenant_id uuid, days int)
language sql stable set search_path = ''
as $$
  select o.id, ingest.retention_days(o.id)
  from (select t.tenant_id from ingest.tenant_retention as t union select c.tenant_id from ingest.chosen_retention as c) as o (id);
$$;

-- As before, with what owners have chosen.
create or replace function ingest.due_days() returns table (source text, day date)
language sql stable set search_path = ''
as $$
  select d.source, d.day
  from (
    select c.relname::text as source, to_date(substr(c.relname, 11), 'YYYYMMDD') as day
    from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.telemetry'::regclass and c.relname ~ '^telemetry_[0-9]{8}$'
  ) as d
  where d.day < ingest.retention_today()
      - (select min(n.days) from (select r.days from ingest.retention as r union all select o.days from ingest.own_retention() as o) as n)
    and not exists (select from ingest.retired_days as r where r.day = d.day and r.held_until > clock_timestamp())
  order by d.day;
$$;

-- As before, with what owners have chosen.
create or replace function ingest.retire_rows(most int) returns int
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  part record;
  tenant uuid;
  source text;
  taken int;
  today constant date := ingest.retention_today();
begin
  if (most between 1 and 10000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 10000.';
  end if;
  for part in select * from ingest.due_days() loop
    continue when ingest.is_due(part.source, part.day);
    for tenant in
      select t.id from ingest.tenants_in(part.source) as t (id)
      where part.day < today - ingest.retention_days(t.id)
    loop
      taken := ingest.take_rows(part.source, format('t.tenant_id = %L', tenant), most);
      if taken > 0 then
        return taken;
      end if;
    end loop;
  end loop;
  foreach source in array array['telemetry_default', 'telemetry_before'] loop
    taken := ingest.take_rows(source, format(
      $sql$received_at < (%L::date - coalesce((%L::jsonb ->> t.tenant_id::text)::int, %L::int))::timestamptz
        and not exists (select from ingest.retired_days as r where r.day = ingest.archive_day(t.ts, t.received_at)
          and r.held_until > clock_timestamp())$sql$,
      today, (select coalesce(jsonb_object_agg(o.tenant_id, o.days), '{}') from ingest.own_retention() as o),
      (select r.days from ingest.retention as r)), most);
    if taken > 0 then
      return taken;
    end if;
  end loop;
  return 0;
end
$$;

-- What a member sees. `days`: in force; null: readings stay. `most`: what the operator allows. `next_days`, `next_since`: what an owner has
-- chosen, and takes effect then. `archived`: whether readings are archived before they are removed.
create function public.tenant_retention(tenant_id uuid)
returns table (days int, most int, next_days int, next_since date, archived boolean)
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.require_role(tenant_retention.tenant_id, '{owner,staff,viewer}');
  return query
    select ingest.retention_days(tenant_retention.tenant_id), ingest.allowed_retention(tenant_retention.tenant_id),
      case when c.waits then c.days end, case when c.waits then c.since end, ingest.archive_is_on()
    from (select 1) as one
    left join (
      select o.*, o.since > coalesce(ingest.retention_today(), current_date) as waits
      from ingest.chosen_retention as o where o.tenant_id = tenant_retention.tenant_id
    ) as c on true;
end
$$;

-- What a choice of fewer days would take out: from which day on it counts, the first day that then stays, and how many of today's readings
-- are older than that and would have stayed otherwise, counted up to 100,001.
create function public.try_retention(tenant_id uuid, days int)
returns table (since date, first_day date, readings bigint)
language plpgsql stable security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  starts constant date := coalesce(ingest.retention_today(), current_date) + 7;
  until date;
  former date;
begin
  perform access.require_role(try_retention.tenant_id, '{owner}');
  if (try_retention.days between 1 and 3650) is not true then
    raise exception 'this is not a number of days' using errcode = 'invalid_parameter_value', hint = 'Give 1 to 3650.';
  end if;
  until := starts - try_retention.days;
  former := starts - coalesce(ingest.retention_days(try_retention.tenant_id), 36500);
  return query
    select starts, until, (select count(*) from (
      select from public.telemetry as t
      where t.tenant_id = try_retention.tenant_id and t.ts >= former::timestamptz and t.ts < until::timestamptz
      limit 100001) as r);
end
$$;

-- Chooses for how many days readings stay; the most that there are: as the operator says. `name` is what the owner has typed; it is needed for fewer days than
-- are in force, which count in a week. Returns the day from which the choice counts.
create function public.choose_retention(tenant_id uuid, days int, name text default null) returns date
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  today constant date := coalesce(ingest.retention_today(), current_date);
  most constant int := ingest.allowed_retention(choose_retention.tenant_id);
  current int;
  counts date;
begin
  perform access.require_role(choose_retention.tenant_id, '{owner}');
  if (choose_retention.days between 1 and coalesce(most, 3650)) is not true then
    raise exception 'readings of this tenant stay for 1 to % days', coalesce(most, 3650) using errcode = 'invalid_parameter_value',
      hint = 'Choose a number in that range. For more days, ask the platform''s operator.';
  end if;
  -- Two at once take turns.
  perform from public.tenants as t where t.id = choose_retention.tenant_id for no key update;
  current := ingest.retention_days(choose_retention.tenant_id);
  if choose_retention.days = coalesce(most, 3650) then
    delete from ingest.chosen_retention as c where c.tenant_id = choose_retention.tenant_id;
    return today;
  end if;
  counts := today;
  if current is null or choose_retention.days < current then
    if not exists (select from public.tenants as t where t.id = choose_retention.tenant_id and t.name = choose_retention.name) then
      raise exception 'this is not the tenant''s name' using errcode = 'invalid_parameter_value', hint = 'Type the name as it is shown.';
    end if;
    counts := today + 7;
  end if;
  insert into ingest.chosen_retention as c (tenant_id, days, since, former)
  values (choose_retention.tenant_id, choose_retention.days, counts, current)
  on conflict on constraint chosen_retention_pkey do update
  set days = excluded.days, since = excluded.since, former = excluded.former;
  return counts;
end
$$;

revoke all on function ingest.allowed_retention(uuid), ingest.own_retention(), public.tenant_retention(uuid), public.try_retention(uuid, int),
  public.choose_retention(uuid, int, text) from public, anon, authenticated, service_role;
grant execute on function public.tenant_retention(uuid), public.try_retention(uuid, int), public.choose_retention(uuid, int, text)
  to authenticated;
