-- What a tenant calls the fields of its readings, in which unit they are, and with how many decimals they are shown.

create table public.field_names (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  -- As in readings: a name, or a path (`a.b`).
  field text not null check (length(field) <= 200),
  label text check (access.is_display_name(label) and length(label) <= 60),
  unit text check (access.is_display_name(unit) and length(unit) <= 20),
  decimals int check (decimals between 0 and 9),
  primary key (tenant_id, field),
  check (num_nonnulls(label, unit, decimals) > 0)
);
alter table public.field_names enable row level security;
alter table public.field_names force row level security;
revoke all on public.field_names from public, anon, authenticated, service_role;
grant select on public.field_names to authenticated;
grant select, insert, update, delete on public.field_names to service_role;
create policy members_select on public.field_names for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_all on public.field_names for all to service_role using (true) with check (true);
create trigger audit after insert or update or delete on public.field_names
  for each row execute function access.audit('field_name', 'field');

-- Sets all three for a field of a tenant; what is left out is as the readings have it. A tenant has at most 500.
create function public.set_field_name(
  tenant_id uuid, field text, label text default null, unit text default null, decimals int default null
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(set_field_name.tenant_id, '{owner,staff}');
  if num_nonnulls(set_field_name.label, set_field_name.unit, set_field_name.decimals) = 0 then
    delete from public.field_names as f where f.tenant_id = set_field_name.tenant_id and f.field = set_field_name.field;
    return;
  end if;
  -- Two at once could go past the limit.
  perform from public.tenants as t where t.id = set_field_name.tenant_id for no key update;
  if (select count(*) >= 500 from public.field_names as f
    where f.tenant_id = set_field_name.tenant_id and f.field <> set_field_name.field)
  then
    raise exception 'the tenant has names for 500 fields already' using errcode = 'program_limit_exceeded',
      hint = 'Take the name, unit and decimals off a field that is not used any more.';
  end if;
  insert into public.field_names as f
  values (set_field_name.tenant_id, set_field_name.field, set_field_name.label, set_field_name.unit, set_field_name.decimals)
  on conflict on constraint field_names_pkey do update
  set label = excluded.label, unit = excluded.unit, decimals = excluded.decimals;
exception
  when check_violation or not_null_violation or numeric_value_out_of_range then
    raise exception 'the name, unit or decimals are not allowed' using errcode = 'invalid_parameter_value',
      hint = 'Use a name of at most 60 characters, a unit of at most 20, and 0 to 9 decimals; no line breaks, no spaces at the ends.';
end
$$;
revoke all on function public.set_field_name(uuid, text, text, text, int) from public, anon, authenticated, service_role;
grant execute on function public.set_field_name(uuid, text, text, text, int) to authenticated;

-- The pages find a device's fields in device_status and in its newest readings.
drop function public.device_fields(uuid);
