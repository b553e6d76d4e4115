// The Function App's run of all periodic jobs that are due, once a minute: each timer that wakes the app costs at least a second of it.
import { beat, NEXT_BEAT_S } from '../database/beat.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import { monotonic } from '../runtime/retry.ts';
import { readPeriodicSettings } from '../settings/periodic.ts';
import { JOBS, type Job } from './jobs.ts';
import { type Turn, takeTurn } from './turn.ts';

/** What a run did. */
export interface MinuteRun {
  outcome: 'done' | 'failed' | 'skipped';
  turns: Turn[];
  /** Due, and left for the next run, which begins with them. */
  left: string[];
}

const NAME = 'every_minute';
/** No turn begins later; the next run is due a minute after this one began. */
const RUN_MS = 45_000;
/** With less, a turn is not worth beginning. */
const LEAST_MS = 1_000;
/** A run that died without a word holds its place for so long: {@link RUN_MS}, the last turn's grace, and what it takes to leave. */
const HELD_MS = 58_000;
/** A minute's timer is early or late by seconds: what is due then runs now. */
const SLACK_MS = 30_000;

/**
 * One run, logged through the invocation: a line a job, and one for the run. Skips when another run is under way.
 * @param environment Default: the process's own.
 * @throws SettingsError, and database errors when it could not begin.
 */
export async function everyMinute(
  context: InvocationLog,
  environment?: NodeJS.ProcessEnv,
  jobs: readonly Job[] = JOBS,
): Promise<MinuteRun> {
  const settings = readPeriodicSettings(environment);
  const log = createInvocationLogger(NAME, settings, context);
  const began = monotonic();
  const remainingMs = () => began + RUN_MS - monotonic();
  const database = openDatabase(settings.database);
  const run: MinuteRun = { outcome: 'skipped', turns: [], left: [] };
  let begun = false;
  try {
    begun = await begins(database);
    if (begun) {
      for (const job of await dueOf(database, jobs)) {
        if (remainingMs() < LEAST_MS) run.left.push(job.name);
        else {
          const turn = await takeTurn(job, database, log, 'info', remainingMs());
          run.turns.push(turn);
          if (job.name === 'control') await beat(database, ['control'], NEXT_BEAT_S[turn.ok ? 'minuteRun' : 'failed']);
        }
      }
      run.outcome = run.turns.every(({ ok }) => ok) ? 'done' : 'failed';
      const ms = Math.round(monotonic() - began);
      await database.query('select ingest.note_run($1, $2, $3)', [NAME, ms, run.outcome === 'done']);
    }
  } finally {
    // What a job keeps belongs to the run under way, not to one that skips.
    if (begun) for (const job of jobs) await job.end?.();
    await database.close();
  }
  log[run.left.length > 0 ? 'warn' : 'info']({ ...run, turns: run.turns.length }, `${NAME} run`);
  return run;
}

/** What the timer calls. @throws Error naming the failed jobs, so that the platform counts a failed invocation. */
export async function everyMinuteOnTimer(context: InvocationLog): Promise<void> {
  const { outcome, turns } = await everyMinute(context);
  if (outcome !== 'failed') return;
  const failed = turns.filter(({ ok }) => !ok).map(({ job, error }) => `${job} (${error?.message})`);
  throw new Error(`${NAME}: ${failed.join(', ')} failed; the other jobs ran`);
}

async function begins(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ begun: boolean }>('select ingest.begin_run($1, $2) as begun', [
    NAME,
    HELD_MS,
  ]);
  return rows[0]?.begun === true;
}

/** Those that are due, the least recently finished first. */
async function dueOf(database: Database, jobs: readonly Job[]): Promise<Job[]> {
  const { rows } = await database.query<{ name: string; ms: number }>('select * from ingest.last_runs()', []);
  const ages = new Map(rows.map(({ name, ms }) => [name, ms]));
  const age = ({ name }: Job) => ages.get(name) ?? Number.POSITIVE_INFINITY;
  return jobs
    .filter((job) => age(job) >= job.everyMs - SLACK_MS)
    .sort((a, b) => (age(a) === age(b) ? 0 : age(b) - age(a)));
}
