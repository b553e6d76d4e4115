'use client';
// A page's state in its address, so that a reload, Back and a copied link keep it. The page stands in <Suspense>: see useSearchParams().
import { useSearchParams } from 'next/navigation';

/** Members to set; undefined or empty takes one out of the address. */
export type Changes = Record<string, string | undefined>;

/** @returns the address's members, and what changes them: `push` where Back should lead to what was before. */
export function useAddress(): [URLSearchParams, (changes: Changes, how?: 'push' | 'replace') => void] {
  const members = useSearchParams();
  function change(changes: Changes, how: 'push' | 'replace' = 'replace') {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    const address = next.size > 0 ? `${location.pathname}?${next}` : location.pathname;
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  return [members, change];
}
