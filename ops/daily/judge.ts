// What needs a person: from what was found, by the thresholds below.
import { HEALTH_LIMITS, RARE_JOBS_S } from '../../domain/health-limits.ts';
import type { Facts } from './facts.ts';
import type { Outside } from './outside.ts';

/** Something that needs a person. */
export interface Problem {
  /** A line. */
  what: string;
  /** The page that says what to do, below docs/. */
  page: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Ingest runs every minute and a canary goes with it. */
const LATE_MS = HEALTH_LIMITS.ingestLateSeconds * 1000;
const CONTROL_LATE_MS = HEALTH_LIMITS.controlLateSeconds * 1000;
/** Until the database is full: time to grow; time to act at once. */
export const GROW_DAYS = 90;
const FULL_DAYS = 14;
/** Part of the room for the database that is in use. */
const FULL_PART = 0.9;
const REFUSED = { readings: 100, part: 0.05 };
const BACKUP_LATE_MS = HEALTH_LIMITS.backupHours * HOUR_MS;
/** A drill is a thing of every month. */
const DRILL_LATE_MS = 35 * DAY_MS;
const BACKUP_PAGE = 'runbooks/restore.md#the-backup-is-old';
/** A job that runs less often than every minute is late only that much later. */
const jobLateSeconds = (job: string) =>
  HEALTH_LIMITS.jobLateSeconds + ((RARE_JOBS_S as Record<string, number>)[job] ?? 0);

/** How long nothing has gone through by now, in milliseconds: 0 if the newest canary is young enough. */
export function downSince({ now, canaryAt }: Facts): number {
  const age = canaryAt ? now.getTime() - canaryAt.getTime() : 0;
  return age > LATE_MS ? age : 0;
}

/** The part of the time since `from` in which messages went through; undefined while nothing is noted yet. */
export function uptimeOf(facts: Facts, from: Date): number | undefined {
  if (!facts.watchedSince) return undefined;
  const start = Math.max(from.getTime(), facts.watchedSince.getTime());
  const whole = facts.now.getTime() - start;
  const noted = facts.outages.reduce(
    (sum, { from: began, to }) => sum + to.getTime() - Math.max(began.getTime(), start),
    0,
  );
  return whole <= 0 ? 1 : Math.max(0, 1 - (noted + Math.min(downSince(facts), whole)) / whole);
}

/** @param facts an error says why the database told nothing. @param outside undefined: no platform was named.
 * @param room bytes that the database may grow to. */
export function findProblems(facts: Facts | Error, outside: Outside | undefined, room: number | undefined): Problem[] {
  const told =
    facts instanceof Error
      ? [{ what: `the database does not tell: ${facts.message}`, page: PAGE_OF_PART.database! }]
      : inDatabase(facts, room);
  if (!outside) return told;
  const pages = new Set(told.map(({ page }) => pathOf(page)));
  // The health page asks the same database: of each part, once is enough.
  return [...told, ...atEdge(outside).filter(({ page }) => !pages.has(pathOf(page)))];
}

const pathOf = (page: string) => page.replace(/#.*/, '');

const PAGE_OF_PART: Record<string, string> = {
  database: 'runbooks/database-timeout.md',
  broker: 'runbooks/broker-down.md',
  ingest: 'runbooks/timers-dead.md',
  control: 'runbooks/control-loop.md',
  backup: 'runbooks/restore.md#the-backup-is-old',
  certificate: 'runbooks/certificates.md',
};

function atEdge({ health, certificate }: Outside): Problem[] {
  const problems: Problem[] = [];
  if (health instanceof Error) {
    problems.push({ what: `the health page does not answer: ${health.message}`, page: 'runbooks/timers-dead.md' });
  } else {
    for (const [part, state] of Object.entries(health)) {
      const page = PAGE_OF_PART[part] ?? 'monitoring.md';
      // The attempt to connect says more, below. A part that is unknown because another is away has no fault of its own.
      if (part === 'certificate' || (part === 'broker' && certificate instanceof Error)) continue;
      if (state !== 'ok' && state !== 'off' && !state.startsWith('unknown'))
        problems.push({ what: `health page: ${part} ${state}`, page });
    }
  }
  if (certificate instanceof Error)
    problems.push({ what: `broker: ${certificate.message.split('. docs/')[0]}`, page: PAGE_OF_PART.broker! });
  else if (!certificate.ok)
    problems.push({ what: `certificate: ${certificate.advice}`, page: PAGE_OF_PART.certificate! });
  return problems;
}

function inDatabase(facts: Facts, room: number | undefined): Problem[] {
  const { now, lastRunAt, appMaySignIn, canaryAt, readings, rules, database, refusals, figures } = facts;
  const problems: (Problem | false)[] = [];
  const late = lastRunAt === null ? Number.POSITIVE_INFINITY : now.getTime() - lastRunAt.getTime();
  problems.push(
    database.isReadOnly && { what: 'the database takes no writes: it is full', page: 'runbooks/data-growth.md' },
    late > LATE_MS &&
      !appMaySignIn && {
        what: 'the database does not let the app in: the role mqtt_ingest may not log in',
        page: 'runbooks/restore.md#it-was-interrupted',
      },
    late > LATE_MS && {
      what: lastRunAt ? `ingest last ran ${ago(late)} ago` : 'ingest has never run',
      page: 'runbooks/timers-dead.md',
    },
    // While ingest does not run, that it runs late says nothing new.
    late <= LATE_MS &&
      canaryAt !== null &&
      downSince(facts) > 0 && {
        what: `no message has come through for ${ago(downSince(facts))}`,
        page: 'runbooks/timers-dead.md#ingest-is-behind',
      },
    ...lateJobs(figures),
    (figures.control_loop_age_seconds ?? 0) * 1000 > CONTROL_LATE_MS && {
      what: `the control loop last worked ${ago((figures.control_loop_age_seconds ?? 0) * 1000)} ago`,
      page: 'runbooks/control-loop.md',
    },
    readings.residual > 0 && {
      what: `minutes of the ledger that do not add up: ${readings.residual}. A fault of the program`,
      page: 'ingest.md#the-ledger',
    },
    readings.rejected >= REFUSED.readings &&
      readings.rejected >= readings.received * REFUSED.part && {
        what: `${readings.rejected} of ${readings.received} readings became dead letters`,
        page: 'runbooks/tenant-abuse.md',
      },
    rules.failing > 0 && { what: `alert rules that fail: ${rules.failing}`, page: 'runbooks/timers-dead.md' },
    rules.late > 0 && {
      what: `alert rules that were not judged for 15 minutes: ${rules.late}`,
      page: 'runbooks/timers-dead.md',
    },
    refusals.some(({ reason }) => reason === 'full') && {
      what: 'the broker refused messages because its queue was full',
      page: 'runbooks/timers-dead.md#ingest-is-behind',
    },
    isNearlyFull(database, room) && {
      what: `the database is nearly full: ${describeRoom(database, room)}`,
      page: 'runbooks/data-growth.md',
    },
    Boolean(figures.backup_failing) && { what: 'the last backup failed', page: BACKUP_PAGE },
    Boolean(figures.restore_drill_failing) && { what: 'the last restore drill failed', page: BACKUP_PAGE },
    tooOld(figures.backup_last_success_timestamp_seconds, now, BACKUP_LATE_MS, 'the newest backup'),
    tooOld(figures.restore_drill_last_success_timestamp_seconds, now, DRILL_LATE_MS, 'the last restore drill'),
  );
  return problems.filter((problem) => problem !== false);
}

/** Seconds since each periodic job last succeeded, by its name. */
export const jobsOf = (figures: Facts['figures']): [job: string, seconds: number][] =>
  Object.entries(figures).flatMap(([name, value]) => {
    const job = /^job_last_success_age_seconds\{job="(\w+)"\}$/.exec(name)?.[1];
    return job ? [[job, value] as [string, number]] : [];
  });

const lateJobs = (figures: Facts['figures']): Problem[] =>
  jobsOf(figures)
    .filter(([job, seconds]) => seconds > jobLateSeconds(job))
    .map(([job, seconds]) => ({
      what: `job ${job} has not succeeded for ${ago(seconds * 1000)}`,
      page: 'runbooks/timers-dead.md#one-job-does-not-run',
    }));

/** A figure that is missing belongs to a part that this platform does not have, or that has never succeeded. */
function tooOld(seconds: number | undefined, now: Date, mostMs: number, what: string): Problem | false {
  if (seconds === undefined) return false;
  const age = now.getTime() - seconds * 1000;
  return age > mostMs && { what: `${what} is ${ago(age)} old`, page: BACKUP_PAGE };
}

/** Days until the database is full; infinity: it does not grow. */
export const daysLeft = ({ bytes, bytesPerDay }: Facts['database'], room: number) =>
  bytesPerDay > 0 ? Math.max(0, Math.floor((room - bytes) / bytesPerDay)) : Number.POSITIVE_INFINITY;

const isNearlyFull = (database: Facts['database'], room: number | undefined) =>
  room !== undefined && (database.bytes > room * FULL_PART || daysLeft(database, room) < FULL_DAYS);

/** How large it is, and how long it has room. */
export function describeRoom(database: Facts['database'], room: number | undefined): string {
  if (room === undefined) return `${megabytes(database.bytes)}, grows ${megabytes(database.bytesPerDay)} a day`;
  const days = daysLeft(database, room);
  const left = days > 3650 ? 'not full for years' : `full in ${days} days`;
  return `${megabytes(database.bytes)} of ${megabytes(room)}, ${left}`;
}

/** `1.5 GB`, in the units that plans and disks are sold in. */
export function megabytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** `3 minutes`: a length of time in its largest unit that gives 2 or more. */
export function ago(ms: number): string {
  const units = [
    [DAY_MS, 'days'],
    [HOUR_MS, 'hours'],
    [MINUTE_MS, 'minutes'],
    [1000, 'seconds'],
  ] as const;
  const [size, name] = units.find(([size]) => ms >= 2 * size) ?? units[3];
  return `${Math.max(0, Math.floor(ms / size))} ${name}`;
}
