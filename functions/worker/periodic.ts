// The worker's periodic jobs, on a database connection of their own: readings never wait for them.

import type { DatabaseAddress } from '../../domain/database-url.ts';
import { openDatabase } from '../database/connection.ts';
import { JOBS } from '../periodic/jobs.ts';
import { takeTurn } from '../periodic/turn.ts';
import type { Logger } from '../runtime/log.ts';
import { startSchedule } from '../runtime/schedule.ts';

/** Starts at once. Await `stop`: running jobs finish first. */
export function startPeriodicJobs(address: DatabaseAddress, log: Logger): { stop(): Promise<void> } {
  const database = openDatabase(address);
  const schedule = startSchedule(
    JOBS.map((job) => ({ everyMs: job.everyMs, run: () => takeTurn(job, database, log, 'debug') })),
  );
  return {
    stop: async () => {
      await schedule.stop();
      for (const job of JOBS) await job.end?.();
      await database.close();
    },
  };
}
