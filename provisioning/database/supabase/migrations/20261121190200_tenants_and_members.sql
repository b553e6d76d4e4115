-- Making a tenant, inviting people into it, changing what they may, and removing them.

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  email text not null check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
  role text not null check (role in ('owner', 'staff', 'viewer')),
  -- SHA-256 of the token: whoever reads this table cannot use an invitation.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  invited_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days',
  accepted_at timestamptz,
  revoked_at timestamptz,
  check (accepted_at is null or revoked_at is null)
);
create index invitations_tenant on public.invitations (tenant_id, created_at desc);
create unique index invitations_one_open on public.invitations (tenant_id, email)
  where accepted_at is null and revoked_at is null;

alter table public.invitations enable row level security;
alter table public.invitations force row level security;
revoke all on public.invitations from public, anon, authenticated, service_role;
grant select (id, tenant_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at)
  on public.invitations to authenticated, service_role;
create policy service_role_select on public.invitations for select to service_role using (true);
create policy owners_select on public.invitations for select to authenticated
  using (tenant_id = any ((select access.owned_tenants())::uuid[]));
create trigger audit after insert or update or delete on public.invitations
  for each row execute function access.audit('invitation', 'email');

-- Whoever is removed, or is no owner any more, leaves no open door: neither invitations of theirs nor ones to them.
create function access.close_invitations() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.invitations as i set revoked_at = now()
  where i.tenant_id = old.tenant_id and i.accepted_at is null and i.revoked_at is null
    and (i.invited_by = old.user_id or tg_op = 'DELETE' and i.email = old.email);
  return null;
end
$$;
create trigger close_invitations after delete on public.memberships
  for each row execute function access.close_invitations();
create trigger close_invitations_demoted after update on public.memberships
  for each row when (old.role = 'owner' and new.role <> 'owner') execute function access.close_invitations();

-- Raises unless the text names a member's role.
create function access.check_role(role text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (role in ('owner', 'staff', 'viewer')) is not true then
    raise exception 'there is no role %', coalesce(quote_literal(role), 'null')
      using errcode = 'invalid_parameter_value', hint = 'Use owner, staff or viewer.';
  end if;
end
$$;

-- Makes a tenant whose owner is the signed-in person.
create function public.create_tenant(slug text, name text) returns uuid
language plpgsql security definer set search_path = ''
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
    raise exception 'the short name is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".';
  end if;
  if (length(create_tenant.name) between 1 and 200) is not true then
    raise exception 'the name is not allowed' using errcode = 'invalid_parameter_value', hint = 'Use 1 to 200 characters.';
  end if;
  insert into public.tenants (slug, name) values (create_tenant.slug, create_tenant.name)
  on conflict do nothing returning id into made;
  if made is null then
    -- Says that the name is taken: topics need names that are unique on the whole broker.
    raise exception 'the short name "%" is taken', create_tenant.slug
      using errcode = 'unique_violation', hint = 'Choose another short name.';
  end if;
  insert into public.memberships (tenant_id, user_id, email, role) values (made, me, my_email, 'owner');
  return made;
end
$$;

-- Invites a person, and returns the token that is shown once. It works once, for 7 days, for that address alone; an
-- earlier open invitation of the same address is revoked.
create function public.create_invitation(tenant_id uuid, email text, role text) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  address constant text := lower(btrim(create_invitation.email));
  -- Two random UUIDs: 244 bits of the server's strong random numbers, without an extension.
  token constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  perform access.require_role(create_invitation.tenant_id, '{owner}');
  perform access.check_role(create_invitation.role);
  if (address ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(address) <= 320) is not true then
    raise exception 'this is no e-mail address' using errcode = 'invalid_parameter_value', hint = 'Check the spelling.';
  end if;
  if exists (
    select from public.memberships as m where m.tenant_id = create_invitation.tenant_id and m.email = address
  ) then
    raise exception '% is a member already', address
      using errcode = 'unique_violation', hint = 'Change the member''s role instead.';
  end if;
  update public.invitations as i set revoked_at = now()
  where i.tenant_id = create_invitation.tenant_id and i.email = address
    and i.accepted_at is null and i.revoked_at is null;
  insert into public.invitations (tenant_id, email, role, token_hash, invited_by)
  values (create_invitation.tenant_id, address, create_invitation.role, sha256(convert_to(token, 'UTF8')), auth.uid());
  return token;
end
$$;

-- Makes an open invitation unusable. Does nothing to one that was accepted or revoked.
create function public.revoke_invitation(invitation_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(
    (select i.tenant_id from public.invitations as i where i.id = invitation_id), '{owner}', 'invitation');
  update public.invitations as i set revoked_at = now()
  where i.id = invitation_id and i.accepted_at is null and i.revoked_at is null;
end
$$;

-- Makes the signed-in person a member. An unknown, used, revoked and expired token look the same.
create function public.accept_invitation(token text) returns table (tenant_id uuid, slug text, role text)
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  me constant uuid := auth.uid();
  invitation public.invitations;
begin
  -- The lock lets one of two who come at once wait, and find it used.
  select i.* into invitation from public.invitations as i
  where i.token_hash = sha256(convert_to(accept_invitation.token, 'UTF8')) for update;
  if me is null or invitation.id is null or invitation.accepted_at is not null or invitation.revoked_at is not null
    or invitation.expires_at <= now() then
    raise exception 'this invitation is not valid'
      using errcode = 'no_data_found', hint = 'It may have been used, revoked or have expired. Ask for a new one.';
  end if;
  if invitation.email is distinct from access.my_email() then
    raise exception 'this invitation is for another e-mail address'
      using errcode = 'insufficient_privilege', hint = 'Sign in with the address it was made for.';
  end if;
  insert into public.memberships (tenant_id, user_id, email, role)
  values (invitation.tenant_id, me, invitation.email, invitation.role) on conflict do nothing;
  if not found then
    raise exception 'you are a member already' using errcode = 'unique_violation', hint = 'An owner can change your role.';
  end if;
  update public.invitations as i set accepted_at = now() where i.id = invitation.id;
  return query select t.id, t.slug, invitation.role from public.tenants as t where t.id = invitation.tenant_id;
end
$$;

-- Gives a member another role.
create function public.change_role(tenant_id uuid, user_id uuid, role text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(change_role.tenant_id, '{owner}');
  perform access.check_role(change_role.role);
  update public.memberships as m set role = change_role.role
  where m.tenant_id = change_role.tenant_id and m.user_id = change_role.user_id;
  if not found then
    raise exception 'there is no such member' using errcode = 'no_data_found', hint = 'They may have left already.';
  end if;
end
$$;

-- Removes a member; everybody may remove themselves.
create function public.remove_member(tenant_id uuid, user_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(remove_member.tenant_id,
    case when remove_member.user_id = auth.uid() then '{owner,staff,viewer}'::text[] else '{owner}' end);
  delete from public.memberships as m
  where m.tenant_id = remove_member.tenant_id and m.user_id = remove_member.user_id;
  if not found then
    raise exception 'there is no such member' using errcode = 'no_data_found', hint = 'They may have left already.';
  end if;
end
$$;

revoke all on function access.close_invitations(), access.check_role(text),
  public.create_tenant(text, text), public.create_invitation(uuid, text, text), public.revoke_invitation(uuid),
  public.accept_invitation(text), public.change_role(uuid, uuid, text), public.remove_member(uuid, uuid)
  from public, anon, authenticated, service_role;
grant execute on function
  public.create_tenant(text, text), public.create_invitation(uuid, text, text), public.revoke_invitation(uuid),
  public.accept_invitation(text), public.change_role(uuid, uuid, text), public.remove_member(uuid, uuid)
  to authenticated;
