-- What owners and staff do with devices, and commands to them.

create table public.device_commands (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  device_id uuid not null,
  payload jsonb not null check (jsonb_typeof(payload) = 'object' and octet_length(payload::text) <= 65536),
  requested_by uuid,
  requested_at timestamptz not null default now(),
  -- When the broker had it, or why it could not be sent; both null: waiting.
  sent_at timestamptz,
  error text,
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
);
create index device_commands_device on public.device_commands (tenant_id, device_id, requested_at desc);
create index device_commands_waiting on public.device_commands (requested_at) where sent_at is null and error is null;

alter table public.device_commands enable row level security;
alter table public.device_commands force row level security;
revoke all on public.device_commands from public, anon, authenticated, service_role;
grant select on public.device_commands to authenticated;
grant select, update on public.device_commands to service_role;
create policy service_role_select on public.device_commands for select to service_role using (true);
create policy service_role_update on public.device_commands for update to service_role using (true) with check (true);
create policy members_select on public.device_commands for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create trigger audit after insert on public.device_commands
  for each row execute function access.audit('command', 'device_id');

-- The tenant of a device, when the signed-in person staffs or owns it.
create function access.staffed_device(device uuid) returns uuid
language plpgsql stable security definer set search_path = ''
as $$
declare
  tenant constant uuid := (select d.tenant_id from public.devices as d where d.id = device);
begin
  perform access.require_role(tenant, '{owner,staff}', 'device');
  return tenant;
end
$$;

-- Raises unless the text is a hash as Mosquitto reads it: a key itself must never get here.
create function access.check_password_hash(password_hash text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (password_hash ~ '^\$7\$[1-9][0-9]{0,8}\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$') is not true then
    raise exception 'this is no hash of a device key'
      using errcode = 'invalid_parameter_value', hint = 'Send Mosquitto''s PBKDF2-SHA512 line, $7$..., never the key.';
  end if;
end
$$;

create function access.check_name(name text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (length(name) between 1 and 200) is not true then
    raise exception 'the name is not allowed' using errcode = 'invalid_parameter_value', hint = 'Use 1 to 200 characters.';
  end if;
end
$$;

-- Adds a device with the hash of its key, and returns its id.
create function public.add_device(tenant_id uuid, slug text, name text, password_hash text) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  made uuid;
begin
  perform access.require_role(add_device.tenant_id, '{owner,staff}');
  if (add_device.slug ~ '^[a-z0-9][a-z0-9-]{0,62}$') is not true then
    raise exception 'the short name is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
  end if;
  perform access.check_name(add_device.name);
  perform access.check_password_hash(add_device.password_hash);
  insert into public.devices (tenant_id, slug, name) values (add_device.tenant_id, add_device.slug, add_device.name)
  on conflict do nothing returning id into made;
  if made is null then
    raise exception 'there is a device "%" already', add_device.slug
      using errcode = 'unique_violation', hint = 'Choose another short name, or give the device a new key.';
  end if;
  insert into public.device_credentials (tenant_id, device_id, password_hash)
  values (add_device.tenant_id, made, add_device.password_hash);
  return made;
end
$$;

-- Replaces a device's key; the old one is refused from the broker's next sync.
create function public.rotate_device(device_id uuid, password_hash text) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_device(rotate_device.device_id);
begin
  perform access.check_password_hash(rotate_device.password_hash);
  -- Two at once take turns: one key is in force at every moment.
  perform from public.devices as d where d.id = rotate_device.device_id for no key update;
  update public.device_credentials as c set revoked_at = now()
  where c.device_id = rotate_device.device_id and c.revoked_at is null;
  insert into public.device_credentials (tenant_id, device_id, password_hash)
  values (tenant, rotate_device.device_id, rotate_device.password_hash);
end
$$;

-- Lets a device connect, or cuts it off.
create function public.set_device_enabled(device_id uuid, enabled boolean) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.staffed_device(set_device_enabled.device_id);
  if set_device_enabled.enabled is null then
    raise exception 'enabled is null' using errcode = 'invalid_parameter_value', hint = 'Use true or false.';
  end if;
  update public.devices as d set enabled = set_device_enabled.enabled where d.id = set_device_enabled.device_id;
end
$$;

create function public.rename_device(device_id uuid, name text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.staffed_device(rename_device.device_id);
  perform access.check_name(rename_device.name);
  update public.devices as d set name = rename_device.name where d.id = rename_device.device_id;
end
$$;

-- Removes a device with its keys, commands and alerts; its readings stay until retention.
create function public.delete_device(device_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.staffed_device(delete_device.device_id);
  delete from public.devices as d where d.id = delete_device.device_id;
end
$$;

-- Asks for a command to be sent to a device; returns the command's id.
create function public.send_command(device_id uuid, payload jsonb) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_device(send_command.device_id);
  made uuid;
begin
  if (jsonb_typeof(send_command.payload) = 'object' and octet_length(send_command.payload::text) <= 65536) is not true then
    raise exception 'a command is a JSON object of at most 64 KiB'
      using errcode = 'invalid_parameter_value', hint = 'Send an object such as {"interval": 60}.';
  end if;
  insert into public.device_commands (tenant_id, device_id, payload, requested_by)
  values (tenant, send_command.device_id, send_command.payload, auth.uid()) returning id into made;
  return made;
end
$$;

-- Commands that wait, oldest first, at most `most`. For whoever publishes them; at most one publisher gets each row
-- until its transaction ends.
create function ingest.waiting_commands(most int) returns table (id uuid, tenant_slug text, device_slug text, payload jsonb)
language sql security definer set search_path = ''
as $$
  select c.id, t.slug, d.slug, c.payload
  from public.device_commands as c
  join public.devices as d on d.tenant_id = c.tenant_id and d.id = c.device_id
  join public.tenants as t on t.id = c.tenant_id
  where c.sent_at is null and c.error is null
  order by c.requested_at limit most
  for update of c skip locked;
$$;

-- Notes that a command was sent, or why it never will be.
create function ingest.finish_command(command_id uuid, failure text default null) returns void
language sql security definer set search_path = ''
as $$
  update public.device_commands as c
  set sent_at = case when failure is null then clock_timestamp() end, error = failure
  where c.id = command_id and c.sent_at is null and c.error is null;
$$;

revoke all on function access.staffed_device(uuid), access.check_password_hash(text), access.check_name(text),
  public.add_device(uuid, text, text, text), public.rotate_device(uuid, text),
  public.set_device_enabled(uuid, boolean), public.rename_device(uuid, text), public.delete_device(uuid),
  public.send_command(uuid, jsonb), ingest.waiting_commands(int), ingest.finish_command(uuid, text)
  from public, anon, authenticated, service_role;
grant execute on function
  public.add_device(uuid, text, text, text), public.rotate_device(uuid, text),
  public.set_device_enabled(uuid, boolean), public.rename_device(uuid, text), public.delete_device(uuid),
  public.send_command(uuid, jsonb)
  to authenticated;
grant execute on function ingest.waiting_commands(int), ingest.finish_command(uuid, text) to mqtt_ingest;
