// A tenant's members and the invitations to become one.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';
import type { Role } from '../tenants/roles.ts';

export interface Member {
  tenant_id: string;
  user_id: string;
  email: string;
  role: Role;
  created_at: string;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  created_at: string;
  expires_at: string;
}

/** By e-mail address. @throws ApiError, as all below. */
export async function listMembers(tenantId: string): Promise<Member[]> {
  return unwrap(
    await (await rest())
      .from('memberships')
      .select('tenant_id,user_id,email,role,created_at')
      .eq('tenant_id', tenantId)
      .order('email'),
  );
}

/** Those that can still be accepted, newest first. For owners. */
export async function openInvitations(tenantId: string): Promise<Invitation[]> {
  return unwrap(
    await (await rest())
      .from('invitations')
      .select('id,email,role,created_at,expires_at')
      .eq('tenant_id', tenantId)
      .is('accepted_at', null)
      .is('revoked_at', null)
      .gt('expires_at', new Date().toISOString())
      .order('created_at', { ascending: false }),
  );
}

/** @returns the token, which cannot be read again. */
export async function createInvitation(tenantId: string, email: string, role: Role): Promise<string> {
  return unwrap(await (await rest()).rpc('create_invitation', { tenant_id: tenantId, email, role }));
}

export async function revokeInvitation(id: string): Promise<void> {
  unwrap(await (await rest()).rpc('revoke_invitation', { invitation_id: id }));
}

export async function changeRole({ tenant_id, user_id }: Member, role: Role): Promise<void> {
  unwrap(await (await rest()).rpc('change_role', { tenant_id, user_id, role }));
}

/** Also for leaving oneself. */
export async function removeMember({ tenant_id, user_id }: Member): Promise<void> {
  unwrap(await (await rest()).rpc('remove_member', { tenant_id, user_id }));
}
