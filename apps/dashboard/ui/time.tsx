'use client';
// Times that keep themselves up to date on the screen.
import { useSyncExternalStore } from 'react';
import { formatAgo, formatTime } from './format.ts';

// One clock for the page: everything updates at once, and a page without times has no timer.
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
 * A value that depends on the time. It is computed every second, and the component renders again only when it has changed.
 * @param of its results are compared by identity: return text, a number or a constant.
 */
export function useTimely<Value>(of: (now: Date) => Value): Value {
  const read = () => of(now);
  return useSyncExternalStore(subscribe, read, read);
}

/** The time in epoch seconds, rounded down to a multiple of `step` seconds. */
export const useNow = (step: number): number =>
  useTimely((moment) => Math.floor(moment.getTime() / 1000 / step) * step);

/** The beginning of the local day. */
export const useToday = (): Date => new Date(useTimely((moment) => moment.toDateString()));

/** How long ago, with the full time on hover. @param at ISO 8601. */
export function Ago({ at }: { at: string }) {
  const time = new Date(at);
  return (
    <time dateTime={at} title={formatTime(time)}>
      {useTimely((moment) => formatAgo(time, moment))}
    </time>
  );
}
