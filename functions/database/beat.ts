// Notes in the database that ingest or the control loop is alive, and when it notes that again. The health page calls it late after that.
import type { Database } from './connection.ts';

export type Part = 'ingest' | 'control';

/** Seconds until the next beat, with a margin for what may delay it. */
export const NEXT_BEAT_S = {
  /** A worker beats every second. */
  worker: 4,
  /** Ingest's timer starts a run every minute, seconds late when the app has to start first. */
  timer: 90,
  /** A job of the run a minute may be the first in one run, and the last, 45 s later, in the next. */
  minuteRun: 120,
  /** A run failed: what it does waits, and the health page says so at once. */
  failed: 0,
} as const;

/** Never throws: a beat that cannot be noted makes its part late, and so becomes known. @param nextS seconds until the next one. */
export async function beat(database: Database, parts: Part[], nextS: number): Promise<void> {
  await database.query('select ingest.beat($1::text[], $2)', [parts, nextS]).catch(() => {});
}
