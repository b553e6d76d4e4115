-- Deleting a tenant, a device with its readings, or a person. What is asked for is a row here; a job carries it out in steps, each a
-- transaction of its own, so that it can stop anywhere and go on. docs/deletion.md says what goes, what stays and why.

create table public.deletions (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('tenant', 'device', 'person')),
  -- No foreign keys: the row is what stays of them.
  tenant_id uuid check (tenant_id is not null or kind = 'person'),
  device_id uuid check ((device_id is not null) = (kind = 'device')),
  -- The slug of a tenant or device, a person's address. Null when it is done.
  subject text,
  -- Who asked, by what they are and not by who they are. 'tenant': a member's account that went with its only tenant; 'auth service': the
  -- user was deleted there.
  asked_by text not null check (asked_by in ('owner', 'person', 'operator', 'tenant', 'auth service')),
  asked_at timestamptz not null default now(),
  -- Until then a tenant can be kept.
  due_at timestamptz not null default now(),
  started_at timestamptz,
  -- What is done next: see ingest.deletion_stages.
  stage text not null,
  next_at timestamptz not null default now(),
  stepped_at timestamptz,
  -- Rows so far; and how many readings are left, counted up to 100,001 every 30 seconds.
  removed bigint not null default 0,
  rows_left bigint,
  counted_at timestamptz,
  -- Of a person: how far the audit log has been read.
  position bigint not null default 0,
  -- Why the last step did not succeed, or what it waits for.
  problem text,
  finished_at timestamptz
);
comment on table public.deletions is 'What is to be deleted, is being deleted and was. Written by functions only.';
create unique index deletions_one_open on public.deletions (kind, tenant_id, device_id, subject) nulls not distinct
  where finished_at is null;
create index deletions_tenant on public.deletions (tenant_id, asked_at desc);
create index deletions_next on public.deletions (next_at) where finished_at is null;
create index deletions_finished on public.deletions (finished_at) where finished_at is not null;

alter table public.deletions enable row level security;
alter table public.deletions force row level security;
revoke all on public.deletions from public, anon, authenticated, service_role;
grant select on public.deletions to authenticated, service_role;
create policy service_role_select on public.deletions for select to service_role using (true);
create policy members_select on public.deletions for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create trigger audit after insert on public.deletions
  for each row execute function access.audit('deletion', 'subject');
-- One that is taken back, and not an old one that is removed.
create trigger audit_delete after delete on public.deletions
  for each row when (old.finished_at is null) execute function access.audit('deletion', 'subject');

-- Whether the deletion of a tenant is being carried out: its members have lost access.
create function access.is_deleted(tenant uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (select from public.deletions as d where d.tenant_id = tenant and d.kind = 'tenant' and d.started_at is not null);
$$;

-- Asks for a tenant's deletion after `grace`. Returns when it begins; asked again, when it began first.
create function access.ask_deletion_of_tenant(tenant uuid, asked_by text, grace interval) returns timestamptz
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.deletions (kind, tenant_id, subject, asked_by, due_at, next_at, stage)
  select 'tenant', t.id, t.slug, ask_deletion_of_tenant.asked_by, now() + grace, now() + grace, 'people'
  from public.tenants as t where t.id = tenant
  on conflict do nothing;
  return (select d.due_at from public.deletions as d where d.tenant_id = tenant and d.kind = 'tenant' and d.finished_at is null);
end
$$;

-- Deletes a device at once, and asks for its readings and letters to be deleted.
create function access.delete_device_data(device uuid, asked_by text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.deletions (kind, tenant_id, device_id, subject, asked_by, stage)
  select 'device', d.tenant_id, d.id, d.slug, delete_device_data.asked_by, 'rows'
  from public.devices as d where d.id = device;
  delete from public.devices as d where d.id = device;
end
$$;

-- Deletes a user with their memberships, and asks for their address to be taken out of the audit log.
create function access.delete_person(person uuid, address text, asked_by text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.deletions (kind, subject, asked_by, stage)
  values ('person', lower(address), delete_person.asked_by, 'log')
  on conflict do nothing;
  delete from auth.users as u where u.id = person;
end
$$;

-- The tenants of which a person is the last owner, by slug.
create function access.owned_alone(person uuid) returns text[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(t.slug order by t.slug), '{}')
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id
  where m.user_id = person and m.role = 'owner' and not exists (
    select from public.memberships as o where o.tenant_id = m.tenant_id and o.role = 'owner' and o.user_id <> person);
$$;

-- Asks for the deletion of a tenant in 7 days. `name` is what the owner has typed. Returns when it begins.
create function public.delete_tenant(tenant_id uuid, name text) returns timestamptz
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(delete_tenant.tenant_id, '{owner}');
  if not exists (select from public.tenants as t where t.id = delete_tenant.tenant_id and t.name = delete_tenant.name) then
    raise exception 'this is not the tenant''s name' using errcode = 'invalid_parameter_value', hint = 'Type the name as it is shown.';
  end if;
  return access.ask_deletion_of_tenant(delete_tenant.tenant_id, 'owner', interval '7 days');
end
$$;

-- Takes the deletion of a tenant back, until it begins.
create function public.keep_tenant(tenant_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(keep_tenant.tenant_id, '{owner}');
  delete from public.deletions as d where d.tenant_id = keep_tenant.tenant_id and d.kind = 'tenant' and d.started_at is null;
end
$$;

-- Deletes a device with all its readings. `slug` is what the owner has typed.
create function public.delete_device_data(device_id uuid, slug text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(
    (select d.tenant_id from public.devices as d where d.id = delete_device_data.device_id), '{owner}', 'device');
  if not exists (select from public.devices as d where d.id = delete_device_data.device_id and d.slug = delete_device_data.slug) then
    raise exception 'this is not the device''s slug' using errcode = 'invalid_parameter_value', hint = 'Type the slug as it is shown.';
  end if;
  perform access.delete_device_data(delete_device_data.device_id, 'owner');
end
$$;

-- Deletes the signed-in person's account. `email` is what they have typed.
create function public.delete_account(email text) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  alone constant text[] := access.owned_alone(me);
begin
  perform access.check_session();
  if lower(delete_account.email) is distinct from access.my_email() then
    raise exception 'this is not your e-mail address'
      using errcode = 'invalid_parameter_value', hint = 'Type the address that you signed in with.';
  end if;
  if alone <> '{}' then
    raise exception 'you are the only owner of %', array_to_string(alone, ', ')
      using errcode = 'insufficient_privilege',
        hint = 'Make another member owner there, or delete the tenant, and come back when that is done.';
  end if;
  perform access.delete_person(me, access.my_email(), 'person');
end
$$;

-- A tenant always has an owner, with two exceptions: it is being deleted, or the auth service has deleted the user. That one must not
-- fail (the auth service would answer with HTTP 500 and no reason), so the tenant stays without an owner until the operator invites one.
create or replace function access.keep_an_owner() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.role = 'owner' and new.tenant_id = old.tenant_id and new.user_id = old.user_id then
    return new;
  end if;
  if tg_op = 'DELETE' and (access.is_deleted(old.tenant_id) or not exists (select from auth.users as u where u.id = old.user_id)) then
    return old;
  end if;
  update public.tenants as t set name = t.name where t.id = old.tenant_id;
  if found and not exists (
    select from public.memberships as m
    where m.tenant_id = old.tenant_id and m.role = 'owner' and m.user_id <> old.user_id
  ) then
    raise exception 'the last owner cannot leave or become something else'
      using errcode = 'insufficient_privilege', hint = 'Make another member owner first.';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;

-- The address of a user whom the auth service has deleted goes from the audit log, too.
create function access.forget_deleted_user() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (select from auth.users as u where u.id = old.user_id) then
    insert into public.deletions (kind, subject, asked_by, stage) values ('person', old.email, 'auth service', 'log')
    on conflict do nothing;
  end if;
  return null;
end
$$;
create trigger forget_deleted_user after delete on public.memberships
  for each row execute function access.forget_deleted_user();

-- Nobody takes the slug of a tenant while messages of its devices may still come in, or its desired states are on the broker.
create function access.refuse_slug_in_deletion() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (
    select from public.deletions as d where d.kind = 'tenant' and d.subject = new.slug and d.finished_at is null) then
    return new;
  end if;
  -- create_tenant tells people that the name is not available.
  if auth.uid() is not null then
    return null;
  end if;
  raise exception 'a tenant with the short name "%" is being deleted', new.slug
    using errcode = 'unique_violation', hint = 'Wait until it is done: npm run ops -- tenant list.';
end
$$;
create trigger refuse_slug_in_deletion before insert on public.tenants
  for each row execute function access.refuse_slug_in_deletion();

-- The audit log is append only. Entries go with their tenant, or after 400 days, and what they say about a person who was deleted is
-- replaced: the address and nothing else.
create function access.without_address(entry jsonb, address text) returns jsonb
language sql immutable set search_path = ''
return replace(entry::text, to_json(address)::text, '"(deleted)"')::jsonb;

create or replace function access.refuse_audit_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from public.tenants as t where t.id = old.tenant_id)
      or old.at < now() - interval '400 days' and old.action <> 'tenant.created'
      or access.is_deleted(old.tenant_id) then
      return old;
    end if;
  elsif tg_op = 'UPDATE' then
    if exists (
      select from public.deletions as d
      where d.kind = 'person' and d.finished_at is null and to_jsonb(new) = access.without_address(to_jsonb(old), d.subject)
    ) then
      return new;
    end if;
  end if;
  raise exception 'the audit log is append only: % is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$$;

-- No device of a tenant that is to be deleted may connect. Nor may one by whose name the broker still retains the desired state of a deleted
-- device, before the control loop has removed it.
create or replace view broker.registry as
select t.slug || '.' || d.slug as username, c.password_hash, t.slug as tenant_slug, d.slug as device_slug,
  'device' as kind, null::text as purpose, f.topics as former
from public.device_credentials as c
join public.devices as d on d.id = c.device_id and d.tenant_id = c.tenant_id
join public.tenants as t on t.id = d.tenant_id
left join (
  select k.tenant_id, k.device_id, array_agg(k.topic order by k.topic) as topics
  from broker.former_topics as k
  where k.until >= (now() at time zone 'UTC')::date
  group by 1, 2
) as f on f.tenant_id = d.tenant_id and f.device_id = d.id
where d.enabled and c.revoked_at is null
  and not exists (select from ingest.retained_of_deleted as g where g.tenant_slug = t.slug and g.device_slug = d.slug)
  and not exists (select from public.deletions as x where x.tenant_id = t.id and x.kind = 'tenant' and x.finished_at is null)
union all
select s.username, s.password_hash, null, null, 'service', s.purpose, case when s.purpose = 'ingest' then (
  select array_agg(distinct split_part(k.topic, '/', 1))
  from broker.former_topics as k
  where k.until >= (now() at time zone 'UTC')::date - 15
) end
from broker.service_accounts as s;

-- As before, without tenants that are to be deleted: their devices are locked out, and nobody is to be told that they are silent.
create or replace function ingest.due_rules(most int) returns table (tenant_id uuid, rule_ids uuid[], asked_at timestamptz)
language sql security definer set search_path = ''
as $$
  -- Nobody judges for these.
  update ingest.tenant_cursors as c set judged = pg_snapshot_xmin(pg_current_snapshot())
  where not exists (select from public.alert_rules as r where r.tenant_id = c.tenant_id and r.enabled);
  select t.tenant_id, array_agg(t.rule_id order by t.tried_at, t.rule_id), clock_timestamp()
  from (
    select p.tenant_id, p.rule_id, p.tried_at,
      (row_number() over (partition by p.tenant_id order by p.tried_at, p.rule_id) - 1) / greatest(most, 1) as turn
    from public.alert_rule_progress as p
    join public.alert_rules as r on r.tenant_id = p.tenant_id and r.id = p.rule_id
    where r.enabled
      and not exists (select from public.deletions as x where x.tenant_id = p.tenant_id and x.kind = 'tenant' and x.finished_at is null)
  ) as t
  group by t.tenant_id, t.turn
  order by t.turn, min(t.tried_at), t.tenant_id;
$$;

-- The stages of a deletion, in order.
--   people      memberships and invitations of the tenant go, and the accounts of those who belong to no other tenant
--   rows        every row of every table, see ingest.owned_tables
--   registry    the tenant itself, when the broker no longer retains anything for its devices
--   archive     its objects, which the archive's own program removes: 10 minutes later, because a run of it may be under way
--   rows again  what ingest had in hand meanwhile, when it has run since
--   log         the person's address in the audit log
create function ingest.deletion_stages(kind text) returns text[]
language sql immutable set search_path = ''
return case kind
  when 'tenant' then array['people', 'rows', 'registry', 'archive', 'rows again']
  when 'device' then array['rows', 'archive', 'rows again']
  else array['log'] end;

-- The tables whose rows belong to a tenant, those first that refer to others, and partitions in the place of their table. From the
-- catalogue: a new table with a tenant_id is emptied, too. The audit log is the last, because deleting writes to it.
create function ingest.owned_tables(by_device boolean) returns table (relation regclass)
language sql stable security definer set search_path = ''
as $$
  with recursive owned as (
    select c.oid, c.relkind
    from pg_catalog.pg_class as c
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where (not by_device or exists (
        select from pg_catalog.pg_attribute as b where b.attrelid = c.oid and b.attname = 'device_id' and not b.attisdropped))
      and c.relnamespace::regnamespace::text in ('public', 'ingest', 'access', 'broker') and c.relkind in ('r', 'p')
      and not c.relispartition
      -- What is left of it, and what the archive's program still needs.
      and c.oid <> all (array['public.deletions', 'ingest.archive_objects', 'ingest.archive_removals']::regclass[])
  ), depths (oid, depth) as (
    select o.oid, 0 from owned as o
    union
    select k.conrelid, d.depth + 1
    from depths as d
    join pg_catalog.pg_constraint as k on k.confrelid = d.oid and k.contype = 'f' and k.conrelid <> k.confrelid
    join owned as o on o.oid = k.conrelid
    where d.depth < 20
  ), ordered as (
    select o.oid, o.relkind, max(d.depth) as depth from owned as o join depths as d on d.oid = o.oid group by 1, 2
  )
  select coalesce(i.inhrelid, o.oid)::regclass
  from ordered as o
  left join pg_catalog.pg_inherits as i on o.relkind = 'p' and i.inhparent = o.oid
  order by o.oid = 'public.audit_log'::regclass, o.relkind = 'p', o.depth desc, 1;
$$;

-- Deletes at most `most` rows of a tenant, or of one of its devices, and returns how many; fewer than `most` means that none is left.
create function ingest.delete_owned(tenant uuid, device uuid, most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  owner constant text := case when device is null then 'tenant_id = $1' else 'tenant_id = $1 and device_id = $2' end;
  relation regclass;
  gone int;
  done int := 0;
begin
  -- As ingest does, which may be keeping the equal of a letter that goes.
  perform from ingest.dead_letter_use as u where u.tenant_id = tenant for update;
  for relation in select o.relation from ingest.owned_tables(device is not null) as o loop
    execute format('delete from only %1$s where ctid = any (array(select ctid from only %1$s where %2$s limit $3))', relation, owner)
      using tenant, device, most - done;
    get diagnostics gone = row_count;
    done := done + gone;
    exit when done >= most;
  end loop;
  return done;
end
$$;

-- Readings that a deletion has still to remove, at most 100,001.
create function ingest.rows_left(tenant uuid, device uuid) returns bigint
language plpgsql stable security definer set search_path = ''
as $$
begin
  if device is null then
    return (select count(*) from (select from public.telemetry as t where t.tenant_id = tenant limit 100001) as r);
  end if;
  return (select count(*) from (
    select from public.telemetry as t where t.tenant_id = tenant and t.device_id = device limit 100001) as r);
end
$$;

-- Goes on to the next stage, or ends.
create function ingest.end_stage(deletion uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  d public.deletions;
  stages text[];
  following text;
begin
  select * into d from public.deletions as x where x.id = deletion for update;
  stages := ingest.deletion_stages(d.kind);
  following := stages[array_position(stages, d.stage) + 1];
  update public.deletions as x set
    problem = null,
    stage = coalesce(following, x.stage),
    next_at = case when following = 'archive' then now() + interval '10 minutes' else now() end,
    -- Ingest must have run since.
    counted_at = case when following = 'archive' then now() else x.counted_at end,
    finished_at = case when following is null then now() end,
    rows_left = case when following is null then 0 else x.rows_left end,
    subject = case when following is not null then x.subject end
  where x.id = deletion;
end
$$;

-- Notes why a step did not succeed; it is tried again in a minute.
create function ingest.note_deletion(deletion uuid, problem text) returns void
language sql security definer set search_path = ''
as $$
  update public.deletions as d set problem = left(note_deletion.problem, 500), next_at = now() + interval '1 minute'
  where d.id = deletion;
$$;

-- Locks the login of a tenant's reader out, if there is one (`ops reader`), and ends its connections.
create function ingest.close_reader(tenant uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  reader constant text := 'reader_' || replace(tenant::text, '-', '');
begin
  if exists (select from pg_catalog.pg_roles as r where r.rolname = reader) then
    execute format('alter role %I nologin', reader);
    perform pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity as a where a.usename = reader;
  end if;
end
$$;

-- Removes it, with the large objects that every login may make: a role that owns something cannot be dropped.
create function ingest.drop_reader(tenant uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  reader constant text := 'reader_' || replace(tenant::text, '-', '');
begin
  if exists (select from pg_catalog.pg_roles as r where r.rolname = reader) then
    execute format('grant %1$I to current_user; drop owned by %1$I; drop role %1$I', reader);
  end if;
end
$$;

-- Members lose access at once, and so does what has a token. Accounts that belong to nothing else go with the tenant, and with them their
-- sessions.
create function ingest.delete_members(tenant uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  member record;
begin
  for member in
    select m.user_id, m.email from public.memberships as m
    where m.tenant_id = tenant
      and not exists (select from public.memberships as o where o.user_id = m.user_id and o.tenant_id <> tenant)
      and not exists (
        select from public.invitations as i where i.email = m.email and i.tenant_id <> tenant
          and i.accepted_at is null and i.revoked_at is null and i.expires_at > now())
  loop
    perform access.delete_person(member.user_id, member.email, 'tenant');
  end loop;
  delete from public.memberships as m where m.tenant_id = tenant;
  delete from public.invitations as i where i.tenant_id = tenant;
  delete from public.api_tokens as k where k.tenant_id = tenant;
end
$$;

-- What is told of a deleted device without its id: letters that came when it was gone, and its alerts in digests.
create function ingest.forget_device_slug(tenant uuid, slug text) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  prefix constant text := format('tenants/%s/devices/%s/', (select t.slug from public.tenants as t where t.id = tenant), slug);
begin
  perform from ingest.dead_letter_use as u where u.tenant_id = tenant for update;
  delete from public.dead_letters as l where l.tenant_id = tenant and l.device_id is null and starts_with(l.topic, prefix);
  update public.notifications as n set content = jsonb_set(n.content, array['newest'], (
    select coalesce(jsonb_agg(x.told), '[]') from jsonb_array_elements(n.content -> 'newest') as x (told) where x.told ->> 'device' <> slug))
  where n.tenant_id = tenant and n.transition = 'digest'
    and n.content @> jsonb_build_object('newest', jsonb_build_array(jsonb_build_object('device', slug)));
end
$$;

-- Takes an address out of the next 5,000 entries of the audit log, and of the small tables that have it. Returns whether that was all.
create function ingest.forget_address(deletion uuid) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  d public.deletions;
  newest constant bigint := (select coalesce(max(a.id), 0) from public.audit_log as a);
begin
  select * into d from public.deletions as x where x.id = deletion;
  delete from public.invitations as i where i.email = d.subject;
  update public.api_tokens as k set created_by = '(deleted)' where k.created_by = d.subject;
  update public.audit_log as a set (actor_email, subject, details) = (
    select n.actor_email, n.subject, n.details
    from jsonb_populate_record(null::public.audit_log, access.without_address(to_jsonb(a), d.subject)) as n)
  where a.id > d.position and a.id <= d.position + 5000
    and (a.actor_email = d.subject or a.subject = d.subject or position(to_json(d.subject)::text in a.details::text) > 0);
  update public.deletions as x set position = least(d.position + 5000, newest), rows_left = greatest(newest - d.position - 5000, 0)
  where x.id = deletion;
  return d.position + 5000 >= newest;
end
$$;

-- Takes one step of the deletion that has waited longest, with at most `most` rows. Returns its id, null when nothing is due.
create function ingest.deletion_step(most int) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  d public.deletions;
  gone int;
begin
  if (most between 1 and 100000) is not true then
    raise exception 'most is %', coalesce(most::text, 'null') using errcode = 'invalid_parameter_value', hint = 'Use 1 to 100000.';
  end if;
  update public.deletions as x set stepped_at = clock_timestamp(), started_at = coalesce(x.started_at, now())
  where x.id = (
    select o.id from public.deletions as o where o.finished_at is null and o.next_at <= now()
    order by o.stepped_at nulls first, o.next_at limit 1 for update skip locked)
  returning x.* into d;
  if d.id is null then
    delete from public.deletions as x where x.finished_at < now() - interval '400 days';
    return null;
  end if;
  begin
    case d.stage
      when 'people' then
        perform ingest.delete_members(d.tenant_id);
        begin
          perform ingest.close_reader(d.tenant_id);
        exception when insufficient_privilege then
          -- Another login made it. Members must not keep access for that: the stage `registry` fails too, and tells.
          null;
        end;
        perform ingest.end_stage(d.id);
      when 'rows', 'rows again' then
        gone := ingest.delete_owned(d.tenant_id, d.device_id, most);
        update public.deletions as x set removed = x.removed + gone where x.id = d.id;
        if d.counted_at is null or d.counted_at < now() - interval '30 seconds' then
          update public.deletions as x set rows_left = ingest.rows_left(d.tenant_id, d.device_id), counted_at = now() where x.id = d.id;
        end if;
        if gone < most and d.stage = 'rows again' and not exists (
          select from ingest.leases as l where l.name <> 'control' and l.seen_at > d.counted_at) then
          perform ingest.note_deletion(d.id, 'It waits until ingest has run once more: messages may wait on the broker.');
        elsif gone < most and d.stage = 'rows again' and d.kind = 'tenant' and ingest.forget_archived(d.tenant_id) then
          -- A run of the archive had them in hand.
          update public.deletions as x set stage = 'archive' where x.id = d.id;
        elsif gone < most then
          if d.kind = 'tenant' then
            -- What came after the tenant had gone belongs to no tenant.
            perform from ingest.dead_letter_use as u where u.tenant_id = '00000000-0000-0000-0000-000000000000' for update;
            delete from public.dead_letters as l where l.tenant_id is null and starts_with(l.topic, 'tenants/' || d.subject || '/');
            update ingest.asked_addresses as a set refused = array_remove(a.refused, d.tenant_id) where d.tenant_id = any (a.refused);
            delete from ingest.archive_removals as r where r.tenant_id = d.tenant_id and r.done_at is not null;
          else
            perform ingest.forget_device_slug(d.tenant_id, d.subject);
          end if;
          perform ingest.end_stage(d.id);
        end if;
      when 'registry' then
        if exists (select from ingest.retained_of_deleted as r where r.tenant_slug = d.subject) then
          perform ingest.note_deletion(d.id, 'It waits until the control loop has removed retained messages from the broker.');
        else
          -- The operator may have added something.
          gone := ingest.delete_owned(d.tenant_id, null, most);
          update public.deletions as x set removed = x.removed + gone where x.id = d.id;
          if gone < most then
            perform ingest.drop_reader(d.tenant_id);
            delete from public.tenants as t where t.id = d.tenant_id;
            perform ingest.end_stage(d.id);
          end if;
        end if;
      when 'archive' then
        if (d.device_id is null or not exists (
            select from ingest.archive_removals as r
            where r.tenant_id = d.tenant_id and r.device_id = d.device_id and r.done_at >= d.started_at))
          and ingest.forget_archived(d.tenant_id, d.device_id) then
          perform ingest.note_deletion(d.id, 'It waits for the next run of the archive, which removes what is archived.');
        else
          perform ingest.end_stage(d.id);
        end if;
      when 'log' then
        if ingest.forget_address(d.id) then
          perform ingest.end_stage(d.id);
        end if;
    end case;
  exception when others then
    -- The others go on. A statement that took too long is not among these: the job tries it with fewer rows.
    perform ingest.note_deletion(d.id, format('A step failed (%s); it is tried again.', sqlstate));
  end;
  return d.id;
end
$$;

revoke all on function access.is_deleted(uuid), access.ask_deletion_of_tenant(uuid, text, interval), access.delete_device_data(uuid, text),
  access.delete_person(uuid, text, text), access.owned_alone(uuid), access.forget_deleted_user(), access.refuse_slug_in_deletion(),
  access.without_address(jsonb, text), public.delete_tenant(uuid, text), public.keep_tenant(uuid), public.delete_device_data(uuid, text),
  public.delete_account(text), ingest.deletion_stages(text), ingest.owned_tables(boolean), ingest.delete_owned(uuid, uuid, int),
  ingest.rows_left(uuid, uuid), ingest.end_stage(uuid), ingest.note_deletion(uuid, text),
  ingest.close_reader(uuid), ingest.drop_reader(uuid), ingest.delete_members(uuid), ingest.forget_device_slug(uuid, text),
  ingest.forget_address(uuid), ingest.deletion_step(int)
  from public, anon, authenticated, service_role;
grant execute on function public.delete_tenant(uuid, text), public.keep_tenant(uuid), public.delete_device_data(uuid, text),
  public.delete_account(text) to authenticated;
grant execute on function ingest.deletion_step(int), ingest.note_deletion(uuid, text)
  to mqtt_ingest;
