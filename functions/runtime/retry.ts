// Tries something again until it works: exponential backoff with jitter, bound by a deadline and an AbortSignal.
import { setTimeout as sleep } from 'node:timers/promises';

/** Upper bound of the first wait, and of every wait, in milliseconds. */
const BASE_MS = 250;
const CAP_MS = 10_000;

/** A failed attempt that will be followed by another. */
export interface Failure {
  error: unknown;
  /** Failures in a row, this one included. */
  failures: number;
  /** Milliseconds until the next attempt. */
  retryInMs: number;
}

/** How long to try, and what to call. */
export interface RetryOptions {
  /** When aborted, the wait ends and the next attempt is the last one. */
  signal: AbortSignal;
  /** Time, on `now`'s clock, after which no attempt begins. Default: never. */
  until?: number;
  /** Default: milliseconds on a clock that nobody sets. */
  now?: () => number;
  /** Says which errors another attempt cannot fix. Default: none. */
  isFinal?: (error: unknown) => boolean;
  /** Milliseconds to wait beyond the backoff. Default: 0. */
  extraWaitMs?: (error: unknown) => number;
  /** Called before each wait. */
  onFailure: (failure: Failure) => void;
}

/** Passed to each attempt. */
export interface Attempt {
  /** Failures in a row so far: 0 for the first attempt. */
  failures: number;
  /** Call it when things went well for a while: a later failure is then a first one. */
  reset(): void;
}

/**
 * Resolves with the result of the first attempt that succeeds.
 * @throws the error of the last attempt: it was final, time is up, or the signal was aborted.
 */
export async function retry<T>(work: (attempt: Attempt) => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, until = Number.POSITIVE_INFINITY, now = monotonic, isFinal, extraWaitMs, onFailure } = options;
  let failures = 0;
  const reset = () => {
    failures = 0;
  };
  for (;;) {
    try {
      return await work({ failures, reset });
    } catch (error) {
      const retryInMs = Math.round(backoffMs(failures) + (extraWaitMs?.(error) ?? 0));
      if (isFinal?.(error) || signal.aborted || now() + retryInMs >= until) throw error;
      failures += 1;
      onFailure({ error, failures, retryInMs });
      await pause(retryInMs, signal);
    }
  }
}

/** Milliseconds on a clock that nobody sets: what is bounded in time must not depend on the time of day. */
export const monotonic = (): number => performance.now();

/** Waits, or returns at once when the signal is or becomes aborted. Never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/**
 * A random wait between 0 and min(cap, base x 2^failures) ms. It is random over the whole range ("full jitter"), so that clients which
 * failed together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
function backoffMs(failures: number): number {
  return Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures, 30));
}
