'use client';
import { useEffect, useState } from 'react';
import { safePath } from './next-path.ts';

/** Where `?next=` leads on to. Not by useSearchParams(): it would leave the form out of the exported page. */
export function useNext(): string {
  const [next, setNext] = useState(() => safePath(null));
  useEffect(() => setNext(safePath(new URLSearchParams(location.search).get('next'))), []);
  return next;
}
