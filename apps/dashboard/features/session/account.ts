// Signing in, making an account for an invitation, signing out.
import { clients } from './clients.ts';

const SENTENCES: Record<string, string> = {
  invalid_credentials: 'E-mail and password do not match an account. Check both and try again.',
  email_not_confirmed:
    'This e-mail address is not confirmed yet. Open the link in the e-mail you were sent, then sign in.',
  user_already_exists: 'There is an account for this e-mail address already. Sign in instead.',
  weak_password: 'This password is too weak. Use at least 12 characters.',
  over_request_rate_limit: 'Too many attempts. Wait a minute and try again.',
  signup_disabled: 'New accounts are switched off here. Ask the platform’s operator for one.',
};

/** @throws Error with a sentence for a person. */
export async function signIn(email: string, password: string): Promise<void> {
  const { auth } = await clients();
  const { error } = await auth.signInWithPassword({ email, password });
  if (error) throw explain(error);
}

/** Makes an account and signs in. False when the address has to be confirmed by e-mail first. @throws Error as above. */
export async function signUp(email: string, password: string): Promise<boolean> {
  const { auth } = await clients();
  const { data, error } = await auth.signUp({ email, password });
  if (error) throw explain(error);
  return data.session !== null;
}

/** Forgets the session on this device; other devices stay signed in. */
export async function signOut(): Promise<void> {
  const { auth } = await clients();
  await auth.signOut({ scope: 'local' });
}

function explain({
  code,
  message,
  status,
}: {
  code?: string | undefined;
  message: string;
  status?: number | undefined;
}) {
  const known = SENTENCES[code ?? ''];
  if (known) return new Error(known);
  // Servers before error codes, and compatible ones.
  if (/invalid login credentials/i.test(message)) return new Error(SENTENCES.invalid_credentials);
  if (status === undefined || status === 0) {
    return new Error('The platform cannot be reached. Check your connection and try again.');
  }
  return new Error(message.endsWith('.') ? message : `${message}.`);
}
