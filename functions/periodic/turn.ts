// One turn of a periodic job: bounded in time, its failure contained, its end noted in the database for those who watch.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { type ErrorSummary, summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { monotonic } from '../runtime/retry.ts';
import type { Job } from './jobs.ts';

/** What became of a turn. */
export interface Turn {
  job: string;
  ok: boolean;
  durationMs: number;
  error?: ErrorSummary;
}

/** How long after its budget a turn is waited for: a transaction that it began in time may end. */
const GRACE_MS = 5_000;

/**
 * Runs one turn and notes it. Never throws. Logs one line: a failure always, a success at `level`.
 * @param mostMs less than the job's budget, where less is left.
 */
export async function takeTurn(
  job: Job,
  database: Database,
  log: Logger,
  level: 'info' | 'debug',
  mostMs = job.budgetMs,
): Promise<Turn> {
  const began = monotonic();
  const budgetMs = Math.min(job.budgetMs, mostMs);
  const turn: Turn = { job: job.name, ok: true, durationMs: 0 };
  let failure: unknown;
  try {
    await within(
      budgetMs,
      job.run(database, log.child({ job: job.name }), () => began + budgetMs - monotonic()),
    );
  } catch (error) {
    failure = error;
    turn.ok = false;
    turn.error = summarizeError(error);
  }
  turn.durationMs = Math.round(monotonic() - began);
  // In the worker ingest itself reports a database that is away, once.
  const failed = level === 'debug' && classify(failure) === 'transient' ? 'debug' : 'warn';
  log[turn.ok ? level : failed](turn, 'periodic job');
  // What cannot be noted is late before long, and so noticed.
  await database.query('select ingest.note_run($1, $2, $3)', [job.name, turn.durationMs, turn.ok]).catch(() => {});
  return turn;
}

/** @throws Error when the work has not ended within the budget and its grace. It is not waited for then. */
async function within(budgetMs: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const late = sleep(budgetMs + GRACE_MS, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`it did not end within its ${Math.round(budgetMs / 1000)} seconds`);
  });
  late.catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}
