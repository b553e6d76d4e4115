// One invitation, by the token in its link.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';
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
  return unwrap<InvitationFacts[]>(await (await rest()).rpc('invitation_facts', { token }))[0];
}

/** @returns the tenant I belong to from now on. */
export async function acceptInvitation(token: string): Promise<{ tenant_id: string; slug: string; role: Role }> {
  const accepted = unwrap<{ tenant_id: string; slug: string; role: Role }[]>(
    await (await rest()).rpc('accept_invitation', { token }),
  );
  return accepted[0] as (typeof accepted)[number];
}
