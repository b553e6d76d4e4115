'use client';
// Where to go after signing in: a link that signs in must not lead elsewhere.
import { useEffect, useState } from 'react';

const HOME = '/admin/devices';
/** Any origin will do: a path of this site keeps it. */
const HERE = 'https://here.invalid';

/** Only a path of this site, as a browser reads it: it drops tabs and line breaks, and takes `\` for `/`. */
export function safePath(path: string | null): string {
  if (!path?.startsWith('/') || !URL.canParse(path, HERE)) return HOME;
  const { origin, pathname, search } = new URL(path, HERE);
  // `/.//example.com` has lost its dot by now.
  return origin === HERE && !pathname.startsWith('//') ? pathname + search : HOME;
}

/** Where `?next=` leads on to. Not by useSearchParams(): it would leave the form out of the exported page. */
export function useNext(): string {
  const [next, setNext] = useState(() => safePath(null));
  useEffect(() => setNext(safePath(new URLSearchParams(location.search).get('next'))), []);
  return next;
}
