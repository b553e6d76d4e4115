// Signing out. Apart from account.ts, whose sentences no page needs that has a person signed in.
import { clients } from './clients.ts';
import { forgetLink } from './mailed-link.ts';

/** Forgets the session on this device; other devices stay signed in. */
export async function signOut(): Promise<void> {
  const { auth } = await clients();
  forgetLink();
  await auth.signOut({ scope: 'local' });
}
