const MOST_WAIT_MS = 30_000;

/** Milliseconds to wait after so many failures in a row: doubled each time, at most half a minute. */
export const backOff = (every: number, failures: number): number =>
  Math.min(every * 2 ** failures, Math.max(MOST_WAIT_MS, every));
