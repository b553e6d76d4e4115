-- How a tenant's messages are read: where a reading without `ts` has its time, SenML, clocks that were never set, and what counts as
-- a device's own repeat. A row without a device is for all of the tenant's; a device's row goes before it, and a null says nothing.

create table public.reading_rules (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  device_id uuid,
  -- Members that hold the time, the first that is there; `params.ts` is one inside another.
  time_members text[] check (
    cardinality(time_members) <= 8 and array_position(time_members, null) is null and array_position(time_members, '') is null
    and array_to_string(time_members, '') !~ ','
    and array_to_string(time_members, ',') ~ '^([A-Za-z0-9_.:@-]{1,64}(,[A-Za-z0-9_.:@-]{1,64})*)?$'
  ),
  -- Arrays are SenML packs (RFC 8428), whatever their content type.
  senml boolean,
  -- A time outside the allowed range is that of a clock nobody has set: the time of receipt takes its place.
  repairs_clock boolean,
  -- Milliseconds after a device's previous message in which an equal one is a repeat; 0: never.
  repeat_ms int check (repeat_ms between 0 and 60000),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade,
  unique nulls not distinct (tenant_id, device_id)
);
comment on table public.reading_rules is 'How the messages of a tenant, or of one device, are read. In force within a minute.';

alter table public.reading_rules enable row level security;
alter table public.reading_rules force row level security;
revoke all on public.reading_rules from public, anon, authenticated, service_role;
grant select on public.reading_rules to authenticated;
grant select, insert, update, delete on public.reading_rules to service_role;
create policy members_select on public.reading_rules for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_all on public.reading_rules for all to service_role using (true) with check (true);
create trigger audit after insert or update or delete on public.reading_rules
  for each row execute function access.audit('reading_rules', 'device_id');

-- Sets the rules of a tenant, or of one of its devices, as a whole. A null says nothing: the tenant's rule, or the default, holds.
create function public.set_reading_rules(
  tenant_id uuid, device_id uuid default null, time_members text[] default null, senml boolean default null,
  repairs_clock boolean default null, repeat_ms int default null
) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  rules constant public.reading_rules := (
    set_reading_rules.tenant_id, set_reading_rules.device_id, set_reading_rules.time_members, set_reading_rules.senml,
    set_reading_rules.repairs_clock, set_reading_rules.repeat_ms);
begin
  perform access.require_role(rules.tenant_id, '{owner,staff}');
  if rules.device_id is not null and access.staffed_device(rules.device_id) <> rules.tenant_id then
    raise exception 'the device is another tenant''s' using errcode = 'no_data_found', hint = 'Name the device''s own tenant.';
  end if;
  insert into public.reading_rules values (rules.*)
  on conflict on constraint reading_rules_tenant_id_device_id_key do update
  set time_members = excluded.time_members, senml = excluded.senml, repairs_clock = excluded.repairs_clock, repeat_ms = excluded.repeat_ms;
exception
  when check_violation then
    raise exception 'a rule is not allowed' using errcode = 'invalid_parameter_value',
      hint = 'Use at most 8 members of 1 to 64 letters, digits and "_.:@-", and a repeat of 0 to 60000 ms.';
end
$$;
revoke all on function public.set_reading_rules(uuid, uuid, text[], boolean, boolean, int)
  from public, anon, authenticated, service_role;
grant execute on function public.set_reading_rules(uuid, uuid, text[], boolean, boolean, int) to authenticated;

create or replace view ingest.registered_devices as
select t.slug as tenant_slug, d.slug as device_slug, d.tenant_id, d.id as device_id, d.enabled,
  l.max_payload_bytes, l.max_depth, l.max_ahead_seconds, l.max_age_seconds,
  (l.readings_per_minute is not null or l.readings_per_day is not null) is true as metered,
  coalesce(own.time_members, every.time_members) as time_members, coalesce(own.senml, every.senml) as senml,
  coalesce(own.repairs_clock, every.repairs_clock) as repairs_clock, coalesce(own.repeat_ms, every.repeat_ms) as repeat_ms
from public.devices as d
join public.tenants as t on t.id = d.tenant_id
left join public.tenant_limits as l on l.tenant_id = d.tenant_id
left join public.reading_rules as own on own.tenant_id = d.tenant_id and own.device_id = d.id
left join public.reading_rules as every on every.tenant_id = d.tenant_id and every.device_id is null;

create or replace view ingest.former_topics as
select k.topic, k.until >= (now() at time zone 'UTC')::date as in_force, k.tenant_id, t.slug as tenant_slug, k.tenant_since,
  d.device_id, d.device_slug, d.max_payload_bytes, d.max_depth, d.max_ahead_seconds, d.max_age_seconds, d.metered,
  d.time_members, d.senml, d.repairs_clock, d.repeat_ms
from broker.former_topics as k
left join public.tenants as t on t.id = k.tenant_id
left join ingest.registered_devices as d on d.tenant_id = k.tenant_id and d.device_id = k.device_id
where k.until >= (now() at time zone 'UTC')::date - 15;
