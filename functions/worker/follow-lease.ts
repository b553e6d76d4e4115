// Works whenever this process holds a lease, over and over.
import type { DatabaseAddress } from '../../domain/database-url.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { retry } from '../runtime/retry.ts';

/** Which lease, and what to do with it. */
export interface Following {
  name: string;
  address: DatabaseAddress;
  log: Logger;
  signal: AbortSignal;
  /** Waits before each question for the lease. @param refused whether another one had it just now. */
  beforeAsking(refused: boolean): Promise<void>;
  /** Resolves when the lease is lost, or the signal is aborted. The lease is released then. */
  work(lease: Lease, database: Database): Promise<void>;
}

/** Resolves once the signal is aborted; a database that is away is waited for. @throws errors that another attempt cannot fix. */
export async function followLease({ name, address, log, signal, beforeAsking, work }: Following): Promise<void> {
  const database = openDatabase(address);
  const isFinal = (error: unknown) => classify(error) === 'unknown';
  let refused = false;
  try {
    await retry(
      async ({ reset }) => {
        for (;;) {
          await beforeAsking(refused);
          if (signal.aborted) return;
          const lease = await acquireLease(database, name);
          reset();
          if (!lease && !refused) log.info({}, 'another run holds the lease; waiting for it');
          refused = !lease;
          if (!lease) continue;
          log.info({ fence: String(lease.fence) }, 'lease acquired');
          try {
            await work(lease, database);
          } finally {
            await lease.release();
          }
        }
      },
      {
        signal,
        isFinal,
        onFailure: ({ error, failures, retryInMs }) =>
          log.warn(
            { error: summarizeError(error), kind: classify(error), failures, retryInMs },
            'database not ready, will try again',
          ),
      },
    );
  } catch (error) {
    // Stopped while the database is away: what was not written waits at the source.
    if (isFinal(error)) throw error;
  } finally {
    await database.close();
  }
}
