// One invitation, by the token in its link.
import { type FunctionRow, oneRow } from '../session/rows.ts';

/** `tenant`: its name. `inviter`: their e-mail address; null: the platform's operator. */
export type InvitationFacts = FunctionRow<'invitation_facts'>;

/** What the invitation is for; undefined when it is not valid. Signed in or not. @throws ApiError, as below. */
export async function invitationFacts(token: string): Promise<InvitationFacts | undefined> {
  return oneRow((api) => api.rpc('invitation_facts', { token }));
}

/** @returns the tenant that I now belong to. */
export async function acceptInvitation(token: string): Promise<FunctionRow<'accept_invitation'>> {
  const accepted = await oneRow((api) => api.rpc('accept_invitation', { token }));
  return accepted as NonNullable<typeof accepted>;
}
