const MOST_WAIT_MS = 30_000;
/** How long a query that never had an answer counts as failing. */
const AT_FIRST_MS = 10_000;

/**
 * Milliseconds until a query that has failed asks again: half as long as it has been failing, so that its questions
 * become rarer and rarer; at least its usual time, at most half a minute.
 * @param answeredAt last answer, epoch milliseconds; 0: none yet. @param failedAt last failure.
 */
export function backOff(every: number, answeredAt: number, failedAt: number): number {
  const failingFor = answeredAt === 0 ? AT_FIRST_MS : failedAt - answeredAt;
  return Math.max(every, Math.min(failingFor / 2, MOST_WAIT_MS));
}
