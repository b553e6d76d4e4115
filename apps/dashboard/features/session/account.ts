// Signing in, making an account for an invitation, a new password or address, signing out: what the auth service is asked.
import type { EmailOtpType, Session } from '@supabase/auth-js';
import { foreign, type PlainMessage, t } from '../../language/translate.ts';
import { clients } from './clients.ts';
import { forgetLink } from './mailed-link.ts';

const ENDED = 'Your session has ended. Sign in again.';
/** By the auth service's code. A map: a code may come from an address, and an object has a `__proto__`. */
export const SENTENCES = new Map<string, PlainMessage>(
  Object.entries({
    invalid_credentials: 'E-mail and password do not match an account. Check both and try again.',
    email_not_confirmed:
      'This e-mail address is not confirmed yet. Open the link in the e-mail you were sent; use “Forgotten your password?” to get another.',
    user_already_exists: 'There is already an account for this e-mail address. Sign in instead.',
    email_exists: 'There is already an account for this e-mail address. Sign in instead.',
    same_password: 'This is already your password. Choose another.',
    over_request_rate_limit: 'Too many attempts. Wait a minute and try again.',
    over_email_send_rate_limit:
      'An e-mail was sent a moment ago, or too many were. Look in your inbox and your spam folder, or try again in a few minutes.',
    signup_disabled:
      'New accounts are switched off here. If an e-mail invited you, open its link, or set a password with “Forgotten your password?”. Otherwise ask the platform’s operator for an account.',
    user_banned: 'This account is blocked. Ask the platform’s operator.',
    email_address_invalid: 'No e-mail can be sent to this address. Check the spelling.',
    email_address_not_authorized:
      'The platform cannot send e-mail to this address: its operator has to set up a mail server first.',
    email_provider_disabled: 'Signing in with e-mail and password is switched off here. Ask the platform’s operator.',
    otp_expired: 'This link has expired, was used already, or was replaced by a newer one. Ask for another.',
    reauthentication_needed: 'This needs the code that was sent to your e-mail address.',
    reauthentication_not_valid: 'The code is wrong or has expired. Check it, or have another sent.',
    current_password_required: 'Enter your current password as well.',
    current_password_invalid: 'The current password is wrong.',
    invite_not_found: 'This invitation is not valid. It may have been used or have expired. Ask for a new one.',
    insufficient_aal: 'This needs your second factor. Sign in with it first.',
    mfa_verification_failed:
      'The code is wrong. Codes change every 30 seconds: check the clock of the device with the app.',
    mfa_challenge_expired: 'That took too long. Enter a new code.',
    mfa_ip_address_mismatch: 'Your network has changed meanwhile. Enter a new code.',
    mfa_verification_rejected: 'The code was refused. Sign in again.',
    mfa_factor_not_found: 'This second factor is no longer there. Reload the page.',
    mfa_factor_name_conflict: 'You have a second factor with this name. Choose another name.',
    mfa_totp_enroll_not_enabled: 'Second factors are switched off here. Ask the platform’s operator.',
    too_many_enrolled_mfa_factors: 'You cannot set up more second factors. Remove one first.',
    captcha_failed: 'The captcha check failed. Reload the page and try again.',
    session_not_found: ENDED,
    session_expired: ENDED,
    refresh_token_not_found: ENDED,
    refresh_token_already_used: ENDED,
    bad_jwt: ENDED,
    user_not_found: ENDED,
  } satisfies Record<string, PlainMessage>),
);

/** What the auth service refused. `message` is for people. */
export class AccountError extends Error {
  /** The auth service's code; empty when it gave none. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.name = 'AccountError';
    this.code = code;
    this.status = status;
  }

  /** The same question would be refused again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 429;
  }
}

/** The auth service's client, or the short-lived one of a mailed link. */
export type Auth = Awaited<ReturnType<typeof clients>>['auth'];

/** @throws AccountError, as all below. */
export async function signIn(email: string, password: string): Promise<void> {
  const { auth } = await clients();
  check(await auth.signInWithPassword({ email, password }));
  forgetLink();
}

/**
 * Makes an account. True when it is signed in at once. Otherwise the address has to be confirmed by a mailed link; or there is
 * an account already, and no e-mail is sent: the auth service answers both alike, so that nobody learns which addresses it knows.
 * @param next where the mailed link leads on to.
 */
export async function signUp(email: string, password: string, next: string): Promise<boolean> {
  const { auth } = await clients();
  const options = { emailRedirectTo: location.origin + next };
  const { data, error } = await auth.signUp({ email, password, options });
  if (error?.code === TOO_SOON) return false;
  return check({ data, error }).session !== null;
}

/**
 * A mail was sent to the address a moment ago, or too many were sent at all. It is answered as if one were on its way: an
 * address that nobody has is never refused so.
 */
const TOO_SOON = 'over_email_send_rate_limit';

/**
 * Requests an e-mail with a link to set a new password; the link also confirms the address. Unknown addresses get the same
 * answer.
 */
export async function requestReset(email: string, next: string): Promise<void> {
  const { auth } = await clients();
  const answer = await auth.resetPasswordForEmail(email, { redirectTo: location.origin + next });
  if (answer.error?.code !== TOO_SOON) check(answer);
}

/** The person whom a mailed link is for, with a client of their own: {@link keepSession} signs them in on this device. */
export interface Opened {
  auth: Auth;
  session: Session;
}

/** A link that the auth service has checked. */
export async function openLink(access_token: string, refresh_token: string): Promise<Opened> {
  const auth = (await clients()).temporaryAuth();
  return opened(auth, check(await auth.setSession({ access_token, refresh_token })));
}

/** Has the auth service check a link that leads here by itself; it works once. */
export async function unsealLink(type: string, token_hash: string): Promise<Opened> {
  const auth = (await clients()).temporaryAuth();
  return opened(auth, check(await auth.verifyOtp({ type: type as EmailOtpType, token_hash })));
}

function opened(auth: Auth, { session }: { session: Session | null }): Opened {
  if (!session) throw explain({ code: 'otp_expired', message: '', status: 403 });
  return { auth, session };
}

/** Signs in on this device with a link's session. */
export async function keepSession(from: Auth): Promise<void> {
  const { session } = check(await from.getSession());
  if (!session) throw explain({ code: 'session_expired', message: '' });
  check(await (await clients()).auth.setSession(session));
}

/** Other devices are signed out. */
export async function changePassword(
  auth: Auth,
  change: { password: string; nonce?: string; current_password?: string },
): Promise<void> {
  check(await auth.updateUser(change));
}

/**
 * Requests another e-mail address. It is mailed to both addresses; the links in both have to be opened, and until then the
 * old one stays.
 */
export async function changeAddress(email: string): Promise<void> {
  const { auth } = await clients();
  check(await auth.updateUser({ email }, { emailRedirectTo: location.origin }));
}

/** Has a code mailed to the signed-in person, for {@link changePassword}. */
export async function sendCode(auth: Auth): Promise<void> {
  check(await auth.reauthenticate());
}

/** Ends the sessions of other browsers; what they have open is refused from then on. */
export async function signOutElsewhere(): Promise<void> {
  const { auth } = await clients();
  check({ data: null, ...(await auth.signOut({ scope: 'others' })) });
}

interface Refusal {
  code?: string | undefined;
  message: string;
  status?: number | undefined;
}

/** What was answered. @throws AccountError. */
export function check<A extends { data: unknown; error: Refusal | null }>({ data, error }: A): A['data'] {
  if (error) throw explain(error);
  return data;
}

export function explain({ code = '', message, status }: Refusal): AccountError {
  return new AccountError(sentence(code, message, status), code, status ?? 0);
}

function sentence(code: string, message: string, status: number | undefined): string {
  const known = SENTENCES.get(code);
  if (known) return t(known);
  // Its own message says which rule: length, characters, or a list of leaked passwords.
  if (code === 'weak_password') return t('This password is too weak. {message}', { message: foreign(message) });
  // Servers before error codes, and compatible ones.
  if (/invalid login credentials/i.test(message))
    return t('E-mail and password do not match an account. Check both and try again.');
  if (status === undefined || status === 0) {
    return t('The platform cannot be reached. Check your connection and try again.');
  }
  if (status >= 500) return t('The sign-in service has a problem of its own. Try again in a moment.');
  return foreign(message.endsWith('.') ? message : `${message}.`);
}
