// The worker's periodic jobs, on a database connection of their own: readings never wait for them.

import type { DatabaseAddress } from '../../domain/database-url.ts';
import { evaluateAlertsIfPossible } from '../alerts/evaluate.ts';
import { openDatabase } from '../database/connection.ts';
import { prune } from '../ingest/prune.ts';
import { carryOutRedrives } from '../ingest/redrive-requests.ts';
import { maintain } from '../ingest/session.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic } from '../runtime/retry.ts';
import { startSchedule } from '../runtime/schedule.ts';

/** Short: somebody waits in front of the dashboard. */
const REDRIVE_EVERY_MS = 3_000;
const EVALUATE_EVERY_MS = 60_000;
const MAINTAIN_EVERY_MS = 3_600_000;
const PRUNE_EVERY_MS = 600_000;
/** A turn of these takes no longer: a worker that stops waits for it with the lease held, and other jobs use the same connection. */
const REDRIVE_MS = 10_000;
const PRUNE_MS = 60_000;

/** Counts down from this number of milliseconds. */
function countdown(ms: number): () => number {
  const end = monotonic() + ms;
  return () => end - monotonic();
}

/** Starts at once. Await `stop`: running jobs finish first. */
export function startPeriodicJobs(address: DatabaseAddress, log: Logger): { stop(): Promise<void> } {
  const database = openDatabase(address);
  const schedule = startSchedule([
    { everyMs: REDRIVE_EVERY_MS, run: () => carryOutRedrives(database, log, countdown(REDRIVE_MS)) },
    { everyMs: EVALUATE_EVERY_MS, run: () => evaluateAlertsIfPossible(database, log) },
    { everyMs: PRUNE_EVERY_MS, run: () => prune(database, log, countdown(PRUNE_MS)) },
    // The worker has done it before the first reading.
    { everyMs: MAINTAIN_EVERY_MS, firstAfterMs: MAINTAIN_EVERY_MS, run: () => maintain(database, log) },
  ]);
  return {
    stop: async () => {
      await schedule.stop();
      await database.close();
    },
  };
}
