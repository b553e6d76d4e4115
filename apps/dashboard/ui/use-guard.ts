'use client';
// Keeps a page that shows what cannot be shown again: a reload asks first, and Back stays until it is let go.
import { useEffect, useRef, useState } from 'react';

/**
 * @param isOn whether there is something to lose.
 * @returns whether Back was tried; and `release`, which lets go: call it, and wait for it, before the page changes.
 */
export function useGuard(isOn = true): { tried: boolean; release: () => Promise<void> } {
  const [tried, setTried] = useState(false);
  const letGo = useRef<() => Promise<void>>(undefined);
  useEffect(() => {
    if (!isOn) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    // An entry of the same address: Back leads from it to this page again.
    const stay = () => history.pushState(null, '', location.href);
    const refuse = () => {
      stay();
      setTried(true);
    };
    stay();
    addEventListener('beforeunload', ask);
    addEventListener('popstate', refuse);
    const stop = () => {
      removeEventListener('beforeunload', ask);
      removeEventListener('popstate', refuse);
    };
    letGo.current = () => {
      stop();
      letGo.current = undefined;
      const gone = new Promise<void>((resolve) => addEventListener('popstate', () => resolve(), { once: true }));
      history.back();
      return gone;
    };
    return stop;
  }, [isOn]);
  return { tried, release: async () => letGo.current?.() };
}
