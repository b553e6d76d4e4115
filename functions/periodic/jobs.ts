// The table of all periodic jobs. The worker runs each on a schedule of its own, the Function App all that are due in one run a minute.
import { RARE_JOBS_S } from '../../domain/health-limits.ts';
import { evaluateAlertsSparingly } from '../alerts/evaluate.ts';
import { createControl } from '../control/loop.ts';
import { endSessions } from '../control/sessions.ts';
import { watchDevices } from '../control/watch-devices.ts';
import type { Database } from '../database/connection.ts';
import { carryOutDeletions } from '../deletion/delete.ts';
import { reportFigures } from '../health/report.ts';
import { prune } from '../ingest/prune.ts';
import { carryOutRedrives } from '../ingest/redrive-requests.ts';
import { ensurePartitions } from '../ingest/session.ts';
import { endNotifications, sendNotifications } from '../notify/send.ts';
import { tidyQuestions } from '../questions/tidy.ts';
import { retire } from '../retention/retire.ts';
import { rollUp } from '../rollup/roll-up.ts';
import type { Logger } from '../runtime/log.ts';
import { countUsage } from '../usage/count.ts';
import { packReadings } from '../usage/pack.ts';

/** A periodic job. Two runs of one may overlap, as when a worker takes over from the timer. */
export interface Job {
  /** Of its row in `ingest.job_runs`, and of its line in the log. */
  name: string;
  /** Milliseconds between two turns in the worker. The Function App's run, once a minute, leaves it out until this has passed. */
  everyMs: number;
  /** What a turn may take: `remainingMs` counts down from it, or from less. A turn that goes on long after it is not waited for. */
  budgetMs: number;
  /** One turn. @throws what went wrong: it is logged, noted, and stops no other job. */
  run(database: Database, log: Logger, remainingMs: () => number): Promise<unknown>;
  /** Gives back what it keeps from turn to turn: after the Function App's run, and when the worker stops. Never throws. */
  end?(): Promise<void>;
}

const control = createControl();

/** In the order of their first turns. */
export const JOBS: readonly Job[] = [
  {
    name: 'control',
    // Commands reach devices within it.
    everyMs: 1_000,
    budgetMs: 10_000,
    run: control.run,
    end: control.end,
  },
  {
    name: 'watch_devices',
    everyMs: 60_000,
    budgetMs: 10_000,
    run: watchDevices,
  },
  {
    name: 'evaluate_alerts',
    // Somebody is told of what it finds. With many rules it leaves turns out.
    everyMs: 5_000,
    budgetMs: 40_000,
    run: evaluateAlertsSparingly,
  },
  {
    name: 'notify',
    // Idle, it is one look at an empty index.
    everyMs: 1_500,
    budgetMs: 25_000,
    run: sendNotifications,
    end: endNotifications,
  },
  {
    name: 'report_figures',
    everyMs: 60_000,
    budgetMs: 5_000,
    run: reportFigures,
  },
  {
    name: 'redrive',
    // Short: somebody waits in front of the dashboard.
    everyMs: 3_000,
    budgetMs: 10_000,
    run: carryOutRedrives,
  },
  {
    name: 'roll_up',
    everyMs: 60_000,
    budgetMs: 10_000,
    run: rollUp,
  },
  {
    name: 'prune',
    everyMs: RARE_JOBS_S.prune * 1000,
    budgetMs: 20_000,
    run: prune,
  },
  {
    name: 'delete',
    // Idle, it is one look at an empty index.
    everyMs: 10_000,
    budgetMs: 20_000,
    run: carryOutDeletions,
  },
  {
    name: 'end_sessions',
    // Idle, it is one look at an empty index.
    everyMs: 10_000,
    budgetMs: 10_000,
    run: (database, log, leftMs) => endSessions(database, log, leftMs),
  },
  {
    name: 'maintain',
    everyMs: RARE_JOBS_S.maintain * 1000,
    budgetMs: 10_000,
    run: ensurePartitions,
  },
  {
    name: 'retire',
    everyMs: RARE_JOBS_S.retire * 1000,
    budgetMs: 20_000,
    run: retire,
  },
  {
    name: 'questions',
    everyMs: 60_000,
    budgetMs: 5_000,
    run: tidyQuestions,
  },
  {
    name: 'count_usage',
    everyMs: RARE_JOBS_S.count_usage * 1000,
    budgetMs: 10_000,
    run: countUsage,
  },
  {
    name: 'pack_readings',
    everyMs: RARE_JOBS_S.pack_readings * 1000,
    budgetMs: 10_000,
    run: packReadings,
  },
];
