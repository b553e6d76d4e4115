// A tenant's members and the invitations to become one.
import { type Api, allRows, COUNTED, call, type RowOf } from '../session/rows.ts';
import type { Role } from '../tenants/roles.ts';

const members = (api: Api) => api.from('memberships').select('tenant_id,user_id,email,role,created_at', COUNTED);
export type Member = RowOf<typeof members>;

const invitations = (api: Api) => api.from('invitations').select('id,email,role,created_at,expires_at', COUNTED);
export type Invitation = RowOf<typeof invitations>;

/** By e-mail address. @throws ApiError, as all below. */
export async function listMembers(tenantId: string): Promise<Member[]> {
  return allRows((api: Api) => members(api).eq('tenant_id', tenantId), ['email', 'user_id']);
}

/** Those that can still be accepted, newest first. For owners. */
export async function openInvitations(tenantId: string): Promise<Invitation[]> {
  const now = new Date().toISOString();
  return allRows(
    (api: Api) =>
      invitations(api).eq('tenant_id', tenantId).is('accepted_at', null).is('revoked_at', null).gt('expires_at', now),
    ['created_at.desc', 'id'],
  );
}

/** @returns the token, which cannot be read again. */
export async function createInvitation(tenantId: string, email: string, role: Role): Promise<string> {
  return call('create_invitation', { tenant_id: tenantId, email, role });
}

export async function revokeInvitation(id: string): Promise<void> {
  await call('revoke_invitation', { invitation_id: id });
}

export async function changeRole({ tenant_id, user_id }: Member, role: Role): Promise<void> {
  await call('change_role', { tenant_id, user_id, role });
}

/** Also for leaving oneself. */
export async function removeMember({ tenant_id, user_id }: Member): Promise<void> {
  await call('remove_member', { tenant_id, user_id });
}
