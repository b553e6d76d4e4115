'use client';
// What a page shows, kept in its address: a reload, Back and a shared link show the same.
import { useSearchParams } from 'next/navigation';

/** Null takes a name out. */
export type AddressChange = Record<string, string | null>;

/**
 * @returns the address's parameters, and what changes some of them, without loading anything.
 * `asStep`: Back leads to the address before; otherwise it is replaced.
 */
export function useAddress(): [URLSearchParams, (change: AddressChange, asStep?: boolean) => void] {
  const current = useSearchParams();
  return [
    current,
    (change, asStep) => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(change)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      history[asStep ? 'pushState' : 'replaceState'](null, '', `?${next}`);
    },
  ];
}
