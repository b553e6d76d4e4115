-- The broker keeps the session of a device that is deleted, with what waits in it. A job ends it: until then the name stands here.

create table ingest.sessions_of_deleted (
  tenant_slug text not null,
  device_slug text not null,
  -- When it is tried: the broker's registry must have lost the device.
  next_at timestamptz not null default now() + interval '30 seconds',
  primary key (tenant_slug, device_slug)
);
create index sessions_of_deleted_next on ingest.sessions_of_deleted (next_at);
alter table ingest.sessions_of_deleted enable row level security;
alter table ingest.sessions_of_deleted force row level security;
revoke all on ingest.sessions_of_deleted from public, anon, authenticated, service_role;

create function ingest.remember_session() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.sessions_of_deleted as s (tenant_slug, device_slug)
  select t.slug, old.slug from public.tenants as t where t.id = old.tenant_id
  on conflict (tenant_slug, device_slug) do update set next_at = excluded.next_at;
  return null;
end
$$;
create trigger remember_session after delete on public.devices
  for each row execute function ingest.remember_session();

-- Sessions that are to be ended now. A name that has been given to a device again is passed over: the session is that device's, and the gate
-- drops what waits in it.
create function ingest.sessions_to_end(most int) returns table (tenant_slug text, device_slug text)
language plpgsql security definer set search_path = ''
as $$
begin
  delete from ingest.sessions_of_deleted as s using public.tenants as t, public.devices as d
  where s.next_at <= now() and t.slug = s.tenant_slug and d.tenant_id = t.id and d.slug = s.device_slug;
  return query
    select s.tenant_slug, s.device_slug from ingest.sessions_of_deleted as s
    where s.next_at <= now() order by s.next_at limit least(most, 1000);
end
$$;

-- Notes that it was ended, or is to be tried again in a minute.
create function ingest.session_tried(tenant_slug text, device_slug text, ended boolean) returns void
language sql security definer set search_path = ''
as $$
  delete from ingest.sessions_of_deleted as s
  where ended and s.tenant_slug = session_tried.tenant_slug and s.device_slug = session_tried.device_slug;
  update ingest.sessions_of_deleted as s set next_at = now() + interval '1 minute'
  where s.tenant_slug = session_tried.tenant_slug and s.device_slug = session_tried.device_slug;
$$;

-- As before, but a tenant is not gone before the broker's sessions of its devices are.
create or replace function ingest.deletion_step(most int) returns uuid
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
        elsif exists (select from ingest.sessions_of_deleted as s where s.tenant_slug = d.subject) then
          perform ingest.note_deletion(d.id, 'It waits until the sessions of its devices on the broker have ended.');
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

revoke all on function ingest.remember_session(), ingest.sessions_to_end(int), ingest.session_tried(text, text, boolean)
  from public, anon, authenticated, service_role;
grant execute on function ingest.sessions_to_end(int), ingest.session_tried(text, text, boolean) to mqtt_ingest;
