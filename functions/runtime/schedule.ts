// Jobs at intervals, independent of each other: a slow or waiting one does not delay the others.
import { pause } from './retry.ts';

/** A periodic job. */
export interface PeriodicJob {
  /** Milliseconds from the end of one turn to the beginning of the next. */
  everyMs: number;
  /** One turn. It reports its own failures and never throws. */
  run(): Promise<unknown>;
}

/** Starts at once. Await `stop`: running turns finish first. */
export function startSchedule(jobs: readonly PeriodicJob[]): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = jobs.map(async ({ everyMs, run }) => {
    while (!signal.aborted) {
      await run();
      await pause(everyMs, signal);
    }
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
