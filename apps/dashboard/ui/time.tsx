'use client';
// Moments that age on the screen.
import { useSyncExternalStore } from 'react';
import { formatAgo, formatTime } from './format.ts';

// One clock for the page: everything ages in the same instant, and a page without moments has no timer.
let now = new Date();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) now = new Date();
  timer ??= setInterval(() => {
    now = new Date();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/**
 * What follows from the time of day. It is worked out every second, but drawn anew only when it has become another.
 * @param of its answers are compared by identity: text, a number, one of a few constants.
 */
export function useTimely<Value>(of: (now: Date) => Value): Value {
  const read = () => of(now);
  return useSyncExternalStore(subscribe, read, read);
}

/** The time of day in epoch seconds, rounded down to a multiple of so many seconds. */
export const useNow = (step: number): number =>
  useTimely((moment) => Math.floor(moment.getTime() / 1000 / step) * step);

/** The day as people here have it: its first instant. */
export const useToday = (): Date => new Date(useTimely((moment) => moment.toDateString()));

/** How long ago, with the full time for who points at it. @param at ISO 8601. */
export function Ago({ at }: { at: string }) {
  const time = new Date(at);
  return (
    <time dateTime={at} title={formatTime(time)}>
      {useTimely((moment) => formatAgo(time, moment))}
    </time>
  );
}
