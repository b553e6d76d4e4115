-- Invitations: the same rules for a tenant's owner and for the platform's operator, and what the invited person is told.

-- Makes an invitation and returns its token, which is shown once. It asks nobody's role: create_invitation does, and
-- `ops invite` is run by the database's owner. It works once, for 7 days, for that address alone; an earlier open
-- invitation of the same address is revoked.
create function access.invite(tenant uuid, email text, role text) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  address constant text := lower(btrim(invite.email));
  -- Two random UUIDs: 244 bits of the server's strong random numbers, without an extension.
  token constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  perform access.check_role(invite.role);
  if (address ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(address) <= 320) is not true then
    raise exception 'this is not an e-mail address' using errcode = 'invalid_parameter_value', hint = 'Check the spelling.';
  end if;
  if exists (select from public.memberships as m where m.tenant_id = invite.tenant and m.email = address) then
    raise exception '% is a member already', address
      using errcode = 'unique_violation', hint = 'Change the member''s role instead.';
  end if;
  update public.invitations as i set revoked_at = now()
  where i.tenant_id = invite.tenant and i.email = address and i.accepted_at is null and i.revoked_at is null;
  insert into public.invitations (tenant_id, email, role, token_hash, invited_by)
  values (invite.tenant, address, invite.role, sha256(convert_to(token, 'UTF8')), auth.uid());
  return token;
end
$$;
revoke all on function access.invite(uuid, text, text) from public, anon, authenticated, service_role;

create or replace function public.create_invitation(tenant_id uuid, email text, role text) returns text
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(create_invitation.tenant_id, '{owner}');
  return access.invite(create_invitation.tenant_id, create_invitation.email, create_invitation.role);
end
$$;

-- What an invitation is to: for whoever holds its token, signed in or not. The token is the credential (244 random bits,
-- looked up by its hash); an unknown, used, revoked and expired one look the same: no row. Not the invited address: who
-- found the link must not learn which account would be let in. The inviter is null when it is the platform's operator.
create function public.invitation_facts(token text) returns table (tenant text, inviter text, role text)
language sql stable security definer set search_path = ''
as $$
  select t.name, m.email, i.role
  from public.invitations as i
  join public.tenants as t on t.id = i.tenant_id
  left join public.memberships as m on m.tenant_id = i.tenant_id and m.user_id = i.invited_by
  where i.token_hash = sha256(convert_to(invitation_facts.token, 'UTF8'))
    and i.accepted_at is null and i.revoked_at is null and i.expires_at > now();
$$;
revoke all on function public.invitation_facts(text) from public, anon, authenticated, service_role;
grant execute on function public.invitation_facts(text) to anon, authenticated;
