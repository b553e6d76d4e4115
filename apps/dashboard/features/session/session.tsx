'use client';
// Who is signed in, for every page below.
import type { Session } from '@supabase/auth-js';
import { createContext, type ReactNode, startTransition, useContext, useEffect, useState } from 'react';
import { clients } from './clients.ts';

/** `loading` until the stored session has been read; `failed` when the platform's configuration cannot be. */
export type SessionState =
  | { status: 'loading' }
  | { status: 'signed-out' }
  | { status: 'signed-in'; session: Session }
  | { status: 'failed'; error: unknown };

const Context = createContext<SessionState>({ status: 'loading' });

/** The state of the session. */
export const useSession = () => useContext(Context);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ status: 'loading' });
  useEffect(() => {
    let stop = () => {};
    let gone = false;
    // A transition: it draws a lot, and must not block the browser.
    const take = (session: Session | null) =>
      startTransition(() =>
        setState((before) => {
          if (!session) return { status: 'signed-out' };
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
  return <Context value={state}>{children}</Context>;
}
