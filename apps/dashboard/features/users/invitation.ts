// One invitation, by the token in its link.
import { oneRow } from '../session/rows.ts';
import type { Role } from '../tenants/roles.ts';

export interface InvitationFacts {
  /** Its name. */
  tenant: string;
  /** Their e-mail address; null: the platform's operator. */
  inviter: string | null;
  role: Role;
}

/** What it is to; undefined when it is not valid. Signed in or not. @throws ApiError, as below. */
export async function invitationFacts(token: string): Promise<InvitationFacts | undefined> {
  return oneRow((api) => api.rpc('invitation_facts', { token }));
}

/** @returns the tenant I belong to from now on. */
export async function acceptInvitation(token: string): Promise<{ tenant_id: string; slug: string; role: Role }> {
  const accepted = await oneRow<{ tenant_id: string; slug: string; role: Role }>((api) =>
    api.rpc('accept_invitation', { token }),
  );
  return accepted as NonNullable<typeof accepted>;
}
