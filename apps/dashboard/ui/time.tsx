'use client';
// Moments that age on the screen.
import { useSyncExternalStore } from 'react';
import { formatAgo, formatTime } from './format.ts';

// One clock for the page: everything ages in the same instant, and a page without moments has no timer.
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time of day, new every second. */
export const useNow = (): Date =>
  new Date(
    useSyncExternalStore(
      subscribe,
      () => now,
      () => now,
    ),
  );

/** How long ago, with the full time for who points at it. @param at ISO 8601. */
export function Ago({ at }: { at: string }) {
  const time = new Date(at);
  return (
    <time dateTime={at} title={formatTime(time)}>
      {formatAgo(time, useNow())}
    </time>
  );
}
