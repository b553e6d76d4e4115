-- What an owner changes of a tenant, and all of its limits with what is used of each today.

-- The short name stays: it is in the topics and user names of all devices.
create function public.rename_tenant(tenant_id uuid, name text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(rename_tenant.tenant_id, '{owner}');
  perform access.check_name(rename_tenant.name);
  update public.tenants as t set name = rename_tenant.name where t.id = rename_tenant.tenant_id;
end
$$;
revoke all on function public.rename_tenant(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.rename_tenant(uuid, text) to authenticated;

-- As before, and the limits of readings: `most` is null where there is no bound. Readings are those stored today, in UTC, and in the last
-- whole minute. Bytes are known of a tenant with a rate or quota only.
create or replace function access.limits_of(tenant uuid) returns table (name text, most bigint, used bigint, until timestamptz)
language sql stable security definer set search_path = '' set timezone = 'UTC'
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
      ('max_dead_letter_bytes', (select coalesce(l.bytes, 0) from letters as l)),
      ('max_channels', (select count(*) from public.notification_channels as c where c.tenant_id = tenant)),
      ('max_routes', (select count(*) from public.notification_routes as r where r.tenant_id = tenant)),
      ('max_mails_day', (select coalesce(max(u.mails), 0) from ingest.mail_use as u where u.tenant_id = tenant and u.day = current_date)),
      ('max_channel_hour', null)
  )
  select u.name, access.limit_of(tenant, u.name), u.used, t.until
  from used as u
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  union all
  select u.name, u.most, u.used, t.until
  from ingest.quotas as q
  cross join lateral (values
    ('readings_per_minute', q.readings_per_minute::bigint, (select coalesce(max(l.stored), 0) from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute = date_trunc('minute', now()) - interval '1 minute')),
    ('readings_per_day', q.readings_per_day::bigint, (select coalesce(sum(l.stored), 0)::bigint from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute >= current_date)),
    ('bytes_per_day', q.bytes_per_day::bigint, (select max(u.bytes) from ingest.quota_use as u
      where u.tenant_id = tenant and u.day = current_date))
  ) as u (name, most, used)
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  where q.tenant_id = tenant
  order by 1;
$$;
