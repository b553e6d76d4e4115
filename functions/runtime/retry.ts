// Waiting between attempts.
import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds of the waits, in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait. */
  baseMs: number;
  /** Upper bound of every wait. */
  capMs: number;
}

/**
 * Exponential backoff with full jitter: a random wait between 0 and min(cap, base x 2^attempt) ms. Random over the whole
 * range, so that clients that failed together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * @param attempt 0 for the first failure.
 */
export function backoffMs(attempt: number, { baseMs, capMs }: Backoff): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}

/** Waits, or returns at once when the signal is or becomes aborted. Never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
