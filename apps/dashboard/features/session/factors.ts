// What a session says of its account's second factors. Apart from second-factor.ts, because every page asks it.
import type { Factor, Session } from '@supabase/auth-js';

/** One that counts: its first code was right. */
export type SecondFactor = Pick<Factor, 'id' | 'friendly_name' | 'created_at'>;

/** Those of the session's account. */
export const factorsOf = ({ user }: Session): SecondFactor[] =>
  (user.factors ?? []).filter(({ factor_type, status }) => factor_type === 'totp' && status === 'verified');

/** True until a code has been entered where there is a second factor. */
export const needsCode = (session: Session): boolean =>
  factorsOf(session).length > 0 && levelOf(session.access_token) !== 'aal2';

/** The `aal` of an access token: which factors its session was opened with. */
function levelOf(token: string): unknown {
  const [, claims = ''] = token.split('.');
  try {
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).aal;
  } catch {
    return undefined;
  }
}
