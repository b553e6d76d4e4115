// The second factor of an account: an authenticator app that shows codes (TOTP). The auth service keeps its secret; a session that was
// opened with a code has the level `aal2`, and the database asks for that level once there is a factor.
import { type Auth, check } from './account.ts';
import type { SecondFactor } from './factors.ts';

/** As the auth service has them now. @throws AccountError, as all below. */
export async function listFactors(auth: Auth): Promise<SecondFactor[]> {
  return check(await auth.mfa.listFactors())?.totp ?? [];
}

/** A secret for an authenticator app, as text and as what its QR code holds. It counts once {@link enterCode} has had a code of it. */
export interface Enrolment {
  id: string;
  secret: string;
  uri: string;
}

/** Forgets those that were begun and never finished: the auth service keeps them, and their names. */
export async function beginFactor(auth: Auth, name: string): Promise<Enrolment> {
  for (const { id, status } of check(await auth.mfa.listFactors())?.all ?? [])
    if (status === 'unverified') await removeFactor(auth, id);
  const begun = check(await auth.mfa.enroll({ factorType: 'totp', friendlyName: name }));
  const { id, totp } = begun as NonNullable<typeof begun>;
  return { id, secret: totp.secret, uri: totp.uri };
}

/** Raises the session to `aal2`, and makes a new factor count. The account's sessions without a code end. */
export async function enterCode(auth: Auth, factorId: string, code: string): Promise<void> {
  check(await auth.mfa.challengeAndVerify({ factorId, code: code.replaceAll(' ', '') }));
}

export async function removeFactor(auth: Auth, factorId: string): Promise<void> {
  check(await auth.mfa.unenroll({ factorId }));
}
