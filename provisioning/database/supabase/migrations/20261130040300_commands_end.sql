-- Commands end: one that is not sent in time expires. How many wait for a tenant's devices, and for one device, is bounded in number and
-- bytes.

alter table public.device_commands add column expires_at timestamptz;
update public.device_commands set expires_at = requested_at + interval '14 days';
-- As long as the broker keeps what waits for a device (persistent_client_expiration).
alter table public.device_commands alter column expires_at set default now() + interval '14 days';
-- squawk-ignore adding-not-nullable-field
alter table public.device_commands alter column expires_at set not null;
-- A small table: rewriting it is quick.
-- squawk-ignore adding-field-with-default
alter table public.device_commands add column bytes int not null generated always as (octet_length(payload::text)) stored;
create index device_commands_tenant on public.device_commands (tenant_id, requested_at desc) include (device_id, bytes);

-- Asks for a command to be sent to a device; returns the command's id. Ended commands that are more than ten times, or have four times
-- the bytes, of those that may wait, go, oldest first; the audit log names them.
create or replace function public.send_command(device_id uuid, payload jsonb) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_device(send_command.device_id);
  size constant int := octet_length(send_command.payload::text);
  most bigint;
  most_bytes bigint;
  waiting record;
  made uuid;
begin
  if (jsonb_typeof(send_command.payload) = 'object' and size <= 65536) is not true then
    raise exception 'a command is a JSON object of at most 64 KiB'
      using errcode = 'invalid_parameter_value', hint = 'Send an object such as {"interval": 60}.';
  end if;
  -- Two at once take turns, or both would count without the other.
  perform from public.tenants as t where t.id = tenant for no key update;
  select count(*) as all_n, coalesce(sum(c.bytes), 0) as all_bytes,
    count(*) filter (where c.device_id = send_command.device_id) as own_n,
    coalesce(sum(c.bytes) filter (where c.device_id = send_command.device_id), 0) as own_bytes
  into waiting
  from public.device_commands as c
  where c.tenant_id = tenant and c.sent_at is null and c.error is null and c.expires_at > now();
  perform access.limit_commands('this device', waiting.own_n, access.limit_of(tenant, 'max_device_commands'),
    waiting.own_bytes + size, access.limit_of(tenant, 'max_device_command_bytes'));
  most := access.limit_of(tenant, 'max_commands');
  most_bytes := access.limit_of(tenant, 'max_command_bytes');
  perform access.limit_commands('this tenant''s devices', waiting.all_n, most, waiting.all_bytes + size, most_bytes);
  insert into public.device_commands (tenant_id, device_id, payload, requested_by)
  values (tenant, send_command.device_id, send_command.payload, auth.uid()) returning id into made;
  delete from public.device_commands as d where d.id in (
    select k.id
    from (
      select c.id, c.sent_at is not null or c.error is not null as ended, count(*) over w as n, sum(c.bytes) over w as size
      from public.device_commands as c where c.tenant_id = tenant
      window w as (order by c.requested_at desc, c.id rows unbounded preceding)
    ) as k
    where k.ended and (k.n > 10 * most or k.size > 4 * most_bytes)
  );
  return made;
end
$$;

create function access.limit_commands(whom text, waiting bigint, most bigint, bytes bigint, most_bytes bigint) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if waiting >= most then
    raise exception '% commands wait for %, the limit is %', waiting, whom, most
      using errcode = 'insufficient_privilege', hint = 'Wait until they are sent or expire, or ask the platform''s operator for more.';
  elsif bytes > most_bytes then
    raise exception 'with this one, commands of % bytes would wait for %, the limit is %', bytes, whom, most_bytes
      using errcode = 'insufficient_privilege',
        hint = 'Send a shorter one, wait until others are sent or expire, or ask the platform''s operator for more.';
  end if;
end
$$;
revoke all on function access.limit_commands(text, bigint, bigint, bigint, bigint) from public, anon, authenticated, service_role;

-- As before, and none that has expired.
create or replace function ingest.waiting_commands(most int) returns table (id uuid, tenant_slug text, device_slug text, payload jsonb)
language sql security definer set search_path = ''
as $$
  select c.id, t.slug, d.slug, c.payload
  from public.device_commands as c
  join public.devices as d on d.tenant_id = c.tenant_id and d.id = c.device_id
  join public.tenants as t on t.id = c.tenant_id
  where c.sent_at is null and c.error is null and c.expires_at > now()
  order by c.requested_at limit most
  for update of c skip locked;
$$;
