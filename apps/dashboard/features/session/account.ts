// Signing in, making an account for an invitation, a new password, signing out: what the auth service is asked.
import type { EmailOtpType, Session } from '@supabase/auth-js';
import { clients } from './clients.ts';

const SENTENCES: Record<string, string> = {
  invalid_credentials: 'E-mail and password do not match an account. Check both and try again.',
  email_not_confirmed:
    'This e-mail address is not confirmed yet. Open the link in the e-mail you were sent; with “Forgotten your password?” you get another.',
  user_already_exists: 'There is an account for this e-mail address already. Sign in instead.',
  email_exists: 'There is an account for this e-mail address already. Sign in instead.',
  same_password: 'That is your password already. Choose another.',
  over_request_rate_limit: 'Too many attempts. Wait a minute and try again.',
  over_email_send_rate_limit:
    'Mail was sent a moment ago, or too often. Look for it, also among unwanted mail, and try again in a few minutes.',
  signup_disabled:
    'New accounts are switched off here. If a mail invited you, open its link, or set a password with “Forgotten your password?”. Otherwise ask the platform’s operator for an account.',
  user_banned: 'This account is blocked. Ask the platform’s operator.',
  email_address_invalid: 'Mail cannot be sent to this address. Check the spelling.',
  email_address_not_authorized:
    'The platform may not send mail to this address: its operator has to set up a mail server first.',
  email_provider_disabled: 'Signing in with e-mail and password is switched off here. Ask the platform’s operator.',
  otp_expired: 'This link has expired, was used already, or was replaced by a newer one. Ask for another.',
  reauthentication_needed: 'This needs the code that was sent to your e-mail address.',
  reauthentication_not_valid: 'The code is not right, or has expired. Check it, or have another sent.',
  current_password_required: 'Enter your current password as well.',
  current_password_invalid: 'The current password is not right.',
  invite_not_found: 'This invitation is not valid. It may have been used or have expired. Ask for a new one.',
  insufficient_aal: 'This needs your second factor. Sign in with it first.',
  captcha_failed: 'The check against robots failed. Reload the page and try again.',
};
const ENDED = 'Your session has ended. Sign in again.';
for (const code of ['session_not_found', 'session_expired', 'refresh_token_not_found', 'bad_jwt', 'user_not_found']) {
  SENTENCES[code] = ENDED;
}

/** What the auth service refused. `message` is for people. */
export class AccountError extends Error {
  /** The auth service's code; empty when it gave none. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = 'AccountError';
    this.code = code;
  }
}

/** The auth service's client, or the short-lived one of a mailed link. */
export type Auth = Awaited<ReturnType<typeof clients>>['auth'];

/** @throws AccountError, as all below. */
export async function signIn(email: string, password: string): Promise<void> {
  const { auth } = await clients();
  check(await auth.signInWithPassword({ email, password }));
}

/**
 * Makes an account. True when it is signed in at once. Otherwise the address has to be confirmed by a mailed link; or there is
 * an account already, and no mail comes: the auth service answers both alike, so that nobody learns whose addresses it knows.
 * @param next where the mailed link leads on to.
 */
export async function signUp(email: string, password: string, next: string): Promise<boolean> {
  const { auth } = await clients();
  const options = { emailRedirectTo: location.origin + next };
  return check(await auth.signUp({ email, password, options })).session !== null;
}

/** Has a link mailed that lets a new password be set; it confirms the address, too. Does the same for unknown addresses. */
export async function requestReset(email: string, next: string): Promise<void> {
  const { auth } = await clients();
  check(await auth.resetPasswordForEmail(email, { redirectTo: location.origin + next }));
}

/** Who a mailed link is for, with a client of its own: nobody is signed in on this device until {@link keepSession}. */
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
  if (!session) throw explain({ code: 'otp_expired', message: '' });
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

/** Has a code mailed to the signed-in person, for {@link changePassword}. */
export async function sendCode(auth: Auth): Promise<void> {
  check(await auth.reauthenticate());
}

/** Forgets the session on this device; other devices stay signed in. */
export async function signOut(): Promise<void> {
  const { auth } = await clients();
  await auth.signOut({ scope: 'local' });
}

interface Refusal {
  code?: string | undefined;
  message: string;
  status?: number | undefined;
}

function check<A extends { data: unknown; error: Refusal | null }>({ data, error }: A): A['data'] {
  if (error) throw explain(error);
  return data;
}

/** The sentence for a code, for whoever shows one without a request; undefined for one that has none. */
export const sentenceFor = (code: string): string | undefined => SENTENCES[code];

export function explain({ code = '', message, status }: Refusal): AccountError {
  return new AccountError(sentence(code, message, status), code);
}

function sentence(code: string, message: string, status: number | undefined): string {
  const known = SENTENCES[code];
  if (known) return known;
  // Its own message says which rule: length, characters, or a list of leaked passwords.
  if (code === 'weak_password') return `This password is too weak. ${message}`;
  // Servers before error codes, and compatible ones.
  if (/invalid login credentials/i.test(message)) return SENTENCES.invalid_credentials as string;
  if (status === undefined || status === 0) {
    return 'The platform cannot be reached. Check your connection and try again.';
  }
  if (status >= 500) return 'The sign-in service has a fault on its side. Try again in a moment.';
  return message.endsWith('.') ? message : `${message}.`;
}
