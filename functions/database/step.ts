// A step of a periodic job: one call of a database function in a transaction of its own, so that no lock is held for long.
import type { Database } from './connection.ts';

/** What a step may take, in milliseconds, and with how little time left none begins. */
export const STEP_MS = 5_000;
export const LEAST_MS = 1_000;

/**
 * @param call such as `ingest.prune($1, $2)`.
 * @param leftMs milliseconds that the job has left.
 * @returns what the function returns. @throws database errors.
 */
export function step<T>(database: Database, call: string, values: unknown[], leftMs: number): Promise<T> {
  return database.transaction(
    '',
    async (client) => (await client.query<{ done: T }>(`select ${call} as done`, values)).rows[0]?.done as T,
    Math.min(STEP_MS, leftMs),
  );
}
