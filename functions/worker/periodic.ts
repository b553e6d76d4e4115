// The worker's periodic jobs, on a database connection of their own: readings never wait for them.

import type { DatabaseAddress } from '../../domain/database-url.ts';
import { beat, NEXT_BEAT_S } from '../database/beat.ts';
import { openDatabase } from '../database/connection.ts';
import { JOBS } from '../periodic/jobs.ts';
import { takeTurn } from '../periodic/turn.ts';
import type { Logger } from '../runtime/log.ts';
import { startSchedule } from '../runtime/schedule.ts';

const BEAT_EVERY_MS = 1_000;

/** Starts at once, and says every second that ingest runs, and the control loop. Await `stop`: running jobs finish first. */
export function startPeriodicJobs(address: DatabaseAddress, log: Logger): { stop(): Promise<void> } {
  const database = openDatabase(address);
  // A connection of its own: a job that takes its time on the other one is not dead.
  const pulse = openDatabase(address, () => NEXT_BEAT_S.worker * 1000);
  let controlRuns = false;
  const schedule = startSchedule([
    ...JOBS.map((job) => ({
      everyMs: job.everyMs,
      run: async () => {
        const { ok } = await takeTurn(job, database, log, 'debug');
        if (job.name === 'control') controlRuns = ok;
      },
    })),
    {
      everyMs: BEAT_EVERY_MS,
      run: () => beat(pulse, controlRuns ? ['ingest', 'control'] : ['ingest'], NEXT_BEAT_S.worker),
    },
  ]);
  return {
    stop: async () => {
      await schedule.stop();
      for (const job of JOBS) await job.end?.();
      await Promise.all([database.close(), pulse.close()]);
    },
  };
}
