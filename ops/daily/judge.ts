// What needs a person, and whether the platform is large enough: from what was found, by the thresholds below.
import type { Facts } from './facts.ts';
import type { Outside } from './outside.ts';

/** Something that needs a person. */
export interface Problem {
  /** A line. */
  what: string;
  /** The page that says what to do, below docs/. */
  page: string;
}

/** Whether something is large enough, and why. */
export interface Advice {
  what: string;
  advice: 'stay' | 'grow';
  why: string;
}

/** What the database may grow to, and whose number that is. */
export interface Room {
  bytes: number;
  source: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Ingest runs every minute and a canary goes with it. */
const LATE_MS = 3 * MINUTE_MS;
/** Until the database is full: time to grow; time to act at once. */
const GROW_DAYS = 90;
const FULL_DAYS = 14;
/** Parts of the room for the database that are in use. */
const GROW_PART = 0.7;
const FULL_PART = 0.9;
/** Of what one ingest stores in a minute (`npm run bench -- ingest`, with a margin). */
const STORED_PER_MINUTE = 60_000;
const REFUSED = { readings: 100, part: 0.05 };
/** The same as the alerts on them. */
const BACKUP_LATE_MS = 26 * HOUR_MS;
const DRILL_LATE_MS = 35 * DAY_MS;

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

/** @param facts an error says why the database told nothing. @param outside undefined: no platform was named. */
export function findProblems(facts: Facts | Error, outside: Outside | undefined, room: Room | undefined): Problem[] {
  return [
    ...(facts instanceof Error
      ? [{ what: `the database does not tell: ${facts.message}`, page: 'runbooks/database-timeout.md' }]
      : inDatabase(facts, room)),
    ...(outside ? atEdge(outside) : []),
  ];
}

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
      if (state !== 'ok') problems.push({ what: `health page: ${part} ${state}`, page });
    }
  }
  if (certificate instanceof Error)
    problems.push({ what: certificate.message.split('. ')[0]!, page: PAGE_OF_PART.broker! });
  else if (!certificate.ok)
    problems.push({ what: `certificate: ${certificate.advice}`, page: PAGE_OF_PART.certificate! });
  return problems;
}

function inDatabase(facts: Facts, room: Room | undefined): Problem[] {
  const { now, lastRunAt, canaryAt, readings, rules, database, refusals, figures } = facts;
  const problems: (Problem | false)[] = [];
  const late = lastRunAt === null ? Number.POSITIVE_INFINITY : now.getTime() - lastRunAt.getTime();
  problems.push(
    database.isReadOnly && { what: 'the database takes no writes: it is full', page: 'runbooks/data-growth.md' },
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
    readings.residual > 0 && {
      what: `${readings.residual} minutes of the ledger do not add up: a fault of the program`,
      page: 'ingest.md#the-ledger',
    },
    readings.rejected >= REFUSED.readings &&
      readings.rejected >= readings.received * REFUSED.part && {
        what: `${readings.rejected} of ${readings.received} readings became dead letters`,
        page: 'runbooks/tenant-abuse.md',
      },
    rules.failing > 0 && { what: `${rules.failing} alert rules fail`, page: 'runbooks/timers-dead.md' },
    rules.late > 0 && {
      what: `${rules.late} alert rules were not judged for 15 minutes`,
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
    tooOld(figures.backup_last_success_timestamp_seconds, now, BACKUP_LATE_MS, 'the newest backup'),
    tooOld(figures.restore_drill_last_success_timestamp_seconds, now, DRILL_LATE_MS, 'the last restore drill'),
  );
  return problems.filter((problem) => problem !== false);
}

/** A figure that is missing belongs to a part that this platform does not have; null: it has never succeeded. */
function tooOld(seconds: number | null | undefined, now: Date, mostMs: number, what: string): Problem | false {
  if (seconds === undefined) return false;
  const page = 'runbooks/restore.md#the-backup-is-old';
  if (!seconds) return { what: `${what}: there is none`, page };
  const age = now.getTime() - seconds * 1000;
  return age > mostMs && { what: `${what} is ${ago(age)} old`, page };
}

const daysLeft = ({ bytes, bytesPerDay }: Facts['database'], room: Room) =>
  bytesPerDay > 0 ? Math.max(0, Math.floor((room.bytes - bytes) / bytesPerDay)) : Number.POSITIVE_INFINITY;

const isNearlyFull = (database: Facts['database'], room: Room | undefined) =>
  room !== undefined && (database.bytes > room.bytes * FULL_PART || daysLeft(database, room) < FULL_DAYS);

function describeRoom(database: Facts['database'], room: Room | undefined): string {
  if (!room) return `${megabytes(database.bytes)}, grows ${megabytes(database.bytesPerDay)} a day`;
  const days = daysLeft(database, room);
  const left = days > 3650 ? 'not full for years' : `full in ${days} days`;
  return `${megabytes(database.bytes)} of ${megabytes(room.bytes)}, ${left}`;
}

/** Whether database and ingest are large enough. */
export function advise(facts: Facts, room: Room | undefined): Advice[] {
  const { database, busiestMinute } = facts;
  const mustGrow =
    room !== undefined && (database.bytes > room.bytes * GROW_PART || daysLeft(database, room) < GROW_DAYS);
  const part = busiestMinute / STORED_PER_MINUTE;
  return [
    { what: 'database', advice: mustGrow ? 'grow' : 'stay', why: describeRoom(database, room) },
    {
      what: 'ingest',
      advice: part > GROW_PART ? 'grow' : 'stay',
      why: `busiest minute ${busiestMinute}, of about ${STORED_PER_MINUTE} that one ingest stores`,
    },
  ];
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
