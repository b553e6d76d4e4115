'use client';
// Who is signed in, for every page below. Where a second factor is still to come, its code is asked for in place of any page.
import type { Session } from '@supabase/auth-js';
import { usePathname } from 'next/navigation';
import { createContext, lazy, type ReactNode, Suspense, startTransition, useContext, useEffect, useState } from 'react';
import { clients } from './clients.ts';
import { needsCode } from './factors.ts';

/** `loading` until the stored session has been read; `failed` when the platform's configuration cannot be. */
export type SessionState =
  | { status: 'loading' }
  | { status: 'signed-out' }
  /** With a password, and not with the code that the account asks for as well. */
  | { status: 'half-signed-in'; session: Session }
  | { status: 'signed-in'; session: Session }
  | { status: 'failed'; error: unknown };

/** Loaded by people who have a second factor. */
const CodePage = lazy(async () => ({ default: (await import('./code-page.tsx')).CodePage }));

const Context = createContext<SessionState>({ status: 'loading' });

/** The state of the session. */
export const useSession = () => useContext(Context);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ status: 'loading' });
  // A mailed link has a session of its own, which asks by itself.
  const isLink = usePathname() === '/link';
  useEffect(() => {
    let stop = () => {};
    let gone = false;
    // A transition: it draws a lot, and must not block the browser.
    const take = (session: Session | null) =>
      startTransition(() =>
        setState((before) => {
          if (!session) return { status: 'signed-out' };
          if (needsCode(session)) return { status: 'half-signed-in', session };
          // A renewed token is the same person: pages need not render again.
          const known = before.status === 'signed-in' ? before.session.user : undefined;
          const same = known?.id === session.user.id && known.email === session.user.email;
          return same ? before : { status: 'signed-in', session };
        }),
      );
    clients()
      .then(({ auth }) => {
        if (gone) return;
        const { data } = auth.onAuthStateChange((_event, session) => take(session));
        stop = () => data.subscription.unsubscribe();
      })
      .catch((error) => setState({ status: 'failed', error }));
    return () => {
      gone = true;
      stop();
    };
  }, []);
  return (
    <Context value={state}>
      {state.status === 'half-signed-in' && !isLink ? (
        <Suspense>
          <CodePage session={state.session} />
        </Suspense>
      ) : (
        children
      )}
    </Context>
  );
}
