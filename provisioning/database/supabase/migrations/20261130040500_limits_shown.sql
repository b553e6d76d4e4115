-- What a tenant, and a person, uses of what they may have: for the pages on which one adds things.

-- A tenant's limits in force, what counts against each (null: it bounds a single thing), and until when a temporary one holds.
-- For the operator; limits_in_use asks who is calling.
create function access.limits_of(tenant uuid) returns table (name text, most bigint, used bigint, until timestamptz)
language sql stable security definer set search_path = ''
as $$
  with waiting as (
    select count(*) as n, coalesce(sum(c.bytes), 0)::bigint as bytes from public.device_commands as c
    where c.tenant_id = tenant and c.sent_at is null and c.error is null and c.expires_at > now()
  ), letters as (
    select max(u.letters) as n, max(u.bytes) as bytes from ingest.dead_letter_use as u where u.tenant_id = tenant
  ), used (name, used) as (
    values
      ('max_devices', (select count(*) from public.devices as d where d.tenant_id = tenant)),
      ('max_rules', (select count(*) from public.alert_rules as r where r.tenant_id = tenant)),
      ('max_window_minutes', null),
      ('max_members', (select count(*) from public.memberships as m where m.tenant_id = tenant)),
      ('max_invitations', (select count(*) from public.invitations as i
        where i.tenant_id = tenant and i.accepted_at is null and i.revoked_at is null and i.expires_at > now())),
      ('max_commands', (select w.n from waiting as w)),
      ('max_command_bytes', (select w.bytes from waiting as w)),
      ('max_device_commands', null),
      ('max_device_command_bytes', null),
      ('max_dead_letters', (select coalesce(l.n, 0) from letters as l)),
      ('max_dead_letter_bytes', (select coalesce(l.bytes, 0) from letters as l))
  )
  select u.name, access.limit_of(tenant, u.name), u.used, t.until
  from used as u
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  order by u.name;
$$;

create function public.limits_in_use(tenant_id uuid) returns table (name text, most bigint, used bigint, until timestamptz)
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform access.require_role(limits_in_use.tenant_id, '{owner,staff,viewer}');
  return query select * from access.limits_of(limits_in_use.tenant_id);
end
$$;

-- How many tenants the signed-in person may still make. 0 on a platform whose operator makes them.
create function public.tenants_left() returns int
language sql stable security definer set search_path = ''
as $$
  select greatest(coalesce((select p.tenants_per_person from access.platform_limits as p), 0)
    - (select count(*) from public.audit_log as a where a.actor_id = (select auth.uid()) and a.action = 'tenant.created'), 0)::int;
$$;

-- A tenant's letters of the last 30 days that are not there, by reason. Reads as the user who asks.
create function public.dead_letters_counted(tenant_id uuid) returns table (reason text, not_kept bigint, removed bigint)
language sql stable set search_path = ''
as $$
  select c.reason, sum(c.not_kept)::bigint, sum(c.removed)::bigint from public.dead_letter_counts as c
  where c.tenant_id = dead_letters_counted.tenant_id and c.hour > now() - interval '30 days'
  group by 1 order by 1;
$$;

revoke all on function access.limits_of(uuid), public.limits_in_use(uuid), public.tenants_left(), public.dead_letters_counted(uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.limits_in_use(uuid), public.tenants_left(), public.dead_letters_counted(uuid) to authenticated;
