-- A slug is called a slug in every refusal, as on the pages and on the command line.

create or replace function public.create_tenant(slug text, name text) returns uuid
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  me constant uuid := auth.uid();
  my_email constant text := access.my_email();
  made uuid;
begin
  if me is null or my_email is null then
    raise exception 'your sign-in has no e-mail address'
      using errcode = 'invalid_parameter_value', hint = 'Sign in with an e-mail address.';
  end if;
  if (create_tenant.slug ~ '^[a-z0-9][a-z0-9-]{0,62}$') is not true then
    raise exception 'the slug is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
  end if;
  perform access.check_name(create_tenant.name);
  -- The lock of access.limit_tenants: of several calls at once, each sees what those before it counted.
  perform pg_advisory_xact_lock(hashtextextended('access.limit_tenants ' || me, 0));
  if exists (select from access.refused_slugs as r where r.user_id = me and r.day = current_date and r.attempts >= 20) then
    raise exception 'you have asked for 20 slugs that are not available, the limit of a day'
      using errcode = 'insufficient_privilege', hint = 'Try again tomorrow, or ask the platform''s operator.';
  end if;
  insert into public.tenants (slug, name) values (create_tenant.slug, create_tenant.name)
  on conflict do nothing returning id into made;
  if made is null then
    insert into access.refused_slugs as r (user_id, day, attempts) values (me, current_date, 1)
    on conflict (user_id) do update
      set attempts = case when r.day = current_date then r.attempts + 1 else 1 end, day = current_date;
    return null;
  end if;
  insert into public.memberships (tenant_id, user_id, email, role) values (made, me, my_email, 'owner');
  return made;
end
$$;

create or replace function public.add_device(tenant_id uuid, slug text, name text, password_hash text) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  made uuid;
begin
  perform access.require_role(add_device.tenant_id, '{owner,staff}');
  if (add_device.slug ~ '^[a-z0-9][a-z0-9-]{0,62}$') is not true then
    raise exception 'the slug is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
  end if;
  perform access.check_name(add_device.name);
  perform access.check_password_hash(add_device.password_hash);
  insert into public.devices (tenant_id, slug, name) values (add_device.tenant_id, add_device.slug, add_device.name)
  on conflict do nothing returning id into made;
  if made is null then
    raise exception 'there is a device "%" already', add_device.slug
      using errcode = 'unique_violation', hint = 'Choose another slug, or give the device a new key.';
  end if;
  insert into public.device_credentials (tenant_id, device_id, password_hash)
  values (add_device.tenant_id, made, add_device.password_hash);
  return made;
end
$$;

create or replace function access.refuse_slug_in_deletion() returns trigger
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
  raise exception 'a tenant with the slug "%" is being deleted', new.slug
    using errcode = 'unique_violation', hint = 'Wait until it is done: npm run ops -- tenant list.';
end
$$;
