// Looks at what the platform depends on: the database and what it knows of ingest, control and backup; the broker and its certificate.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { HEALTH_LIMITS } from '../../domain/health-limits.ts';
import { certifiedName } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { BrokerSettings } from '../settings/broker.ts';

/** A part's answer comes within this time, or it is taken for dead. */
export const TIMEOUT_MS = 3_000;

/** What the database says of the platform (migration more_figures). */
export interface Figures {
  lastRunAt: Date | null;
  askedAt: Date;
  readings: Record<'received' | 'stored' | 'duplicate' | 'rejected' | 'over_quota', number>;
  databaseBytes: number;
  devices: number;
  /** What the parts say, by name: figures.ts. A part that does not exist here says nothing. */
  parts: Record<string, number>;
}

/** What a connection to the broker's port shows. */
interface Greeting {
  /** When its certificate ends; null for a listener without TLS. */
  notAfter: Date | null;
  /** Why a client would refuse the certificate, as Node names it; undefined: it would not. */
  refusal: string | undefined;
}

/** What was found. Nothing in it names a tenant or an address. */
export interface Findings {
  /** Undefined: the database did not answer. */
  figures: Figures | undefined;
  /** Undefined: the broker did not answer. */
  greeting: Greeting | undefined;
}

/** Looks at database and broker at the same time. Never throws. */
export async function examine(database: Database, broker: BrokerSettings): Promise<Findings> {
  const [figures, greeting] = await Promise.all([
    within(readFigures(database)).catch(() => undefined),
    greetBroker(broker).catch(() => undefined),
  ]);
  return { figures, greeting };
}

/** Each part's state in a few words: "ok", "off" for what this environment does not have, or what is wrong. */
export interface Health {
  /**
   * "degraded": readings or commands do not get through now. "warning": they do, and somebody has to act within days; a load
   * balancer or an uptime probe should not.
   */
  status: 'ok' | 'warning' | 'degraded';
  checks: Record<'database' | 'broker' | 'ingest' | 'control' | 'backup' | 'certificate', string>;
}

/** Judges what was found. */
export function judge({ figures, greeting }: Findings): Health {
  const checks = {
    database: judgeDatabase(figures),
    broker: isServing(greeting) ? 'ok' : 'does not accept a connection',
    ingest: figures ? judgeIngest(figures) : UNKNOWN,
    control: figures ? judgeControl(figures) : UNKNOWN,
    backup: figures ? judgeBackup(figures) : UNKNOWN,
    certificate: greeting ? judgeCertificate(greeting) : 'unknown while the broker does not answer',
  };
  const { backup, certificate, ...needed } = checks;
  const areGood = (states: string[]) => states.every((state) => GOOD.has(state));
  const status = areGood(Object.values(needed)) ? (areGood([backup, certificate]) ? 'ok' : 'warning') : 'degraded';
  return { status, checks };
}

const LATE = { ingest: 'late_seconds{part="ingest"}', control: 'late_seconds{part="control"}' } as const;
const GOOD = new Set(['ok', 'off']);
const UNKNOWN = 'unknown while the database does not answer';

/** Whether a client that trusts the platform's authorities gets a connection. */
export const isServing = (greeting: Greeting | undefined): boolean =>
  greeting !== undefined && greeting.refusal === undefined;

/** Seconds since ingest last ran, by the database's clock; undefined: it never did. */
export const secondsSinceRun = ({ lastRunAt, askedAt }: Figures): number | undefined =>
  lastRunAt ? Math.max(0, (askedAt.getTime() - lastRunAt.getTime()) / 1000) : undefined;

function judgeDatabase(figures: Figures | undefined): string {
  if (!figures) return `no answer within ${TIMEOUT_MS / 1000} s`;
  return figures.parts.database_read_only === 1 ? 'takes no writes: it is full, or failing over' : 'ok';
}

function judgeIngest({ parts: { [LATE.ingest]: late, ingest_lag_seconds: lag = 0 } }: Figures): string {
  if (late === undefined) return 'has never run';
  if (late > 0) return `does not run, or fails: it is late by ${Math.ceil(late)} s`;
  return lag <= HEALTH_LIMITS.ingestLagSeconds ? 'ok' : `is ${Math.round(lag / 60)} minutes behind the broker`;
}

function judgeControl({ parts: { [LATE.control]: late, control_loop_ok: hasRun } }: Figures): string {
  if (late === undefined) return hasRun === undefined ? 'off' : 'has never run: commands and states wait';
  return late <= 0 ? 'ok' : `does not run, or fails: it is late by ${Math.ceil(late)} s, and commands and states wait`;
}

function judgeBackup({ askedAt, parts }: Figures): string {
  const { backup_last_success_timestamp_seconds: at, backup_failing: failing } = parts;
  if (at === undefined) return failing === 1 ? 'has never succeeded' : 'off';
  const hours = (askedAt.getTime() / 1000 - at) / 3600;
  return hours <= HEALTH_LIMITS.backupHours ? 'ok' : `last succeeded ${Math.floor(hours)} hours ago`;
}

function judgeCertificate({ notAfter, refusal }: Greeting): string {
  if (notAfter === null) return 'off';
  if (refusal !== undefined) return `refused: ${refusal}`;
  const days = (notAfter.getTime() - Date.now()) / 86_400_000;
  return days >= HEALTH_LIMITS.certificateDays ? 'ok' : `ends in ${Math.floor(days)} days`;
}

export async function readFigures(database: Database): Promise<Figures> {
  const { rows } = await database.query<Record<string, Date | string | null> & { figures: Record<string, number> }>(
    'select * from ingest.platform_figures()',
    [],
  );
  const [row] = rows;
  if (!row) throw new Error('ingest.platform_figures() returned no row');
  const count = (name: string) => Number(row[name]);
  return {
    lastRunAt: row.last_run_at as Date | null,
    askedAt: row.asked_at as Date,
    readings: {
      received: count('received'),
      stored: count('stored'),
      duplicate: count('duplicate'),
      rejected: count('rejected'),
      over_quota: count('over_quota'),
    },
    databaseBytes: count('database_bytes'),
    devices: count('devices'),
    parts: withLoop(row.figures),
  };
}

/** An environment without a control loop has no figure of it; of one that never succeeded there is how long it has been tried. */
function withLoop(parts: Record<string, number>): Record<string, number> {
  const age = parts.control_loop_age_seconds ?? parts['job_last_success_age_seconds{job="control"}'];
  return age === undefined ? parts : { ...parts, control_loop_ok: age <= HEALTH_LIMITS.controlLateSeconds ? 1 : 0 };
}

/**
 * Connects without signing in: an account has one connection, and ingest's is in use. A certificate that a client would refuse is
 * looked at, too, to say when it ended: nothing is sent on this connection.
 */
async function greetBroker({ broker, ca }: BrokerSettings): Promise<Greeting> {
  const { host, port, tls } = broker;
  const servername = certifiedName(broker);
  const socket: Socket | TLSSocket = tls
    ? connectTls({ host, port, ca, rejectUnauthorized: false, ...(servername !== undefined && { servername }) })
    : connectTcp({ host, port });
  try {
    await within(
      new Promise((resolve, reject) => {
        socket.once(tls ? 'secureConnect' : 'connect', resolve).once('error', reject);
      }),
    );
    if (!('getPeerCertificate' in socket)) return { notAfter: null, refusal: undefined };
    return {
      notAfter: new Date(socket.getPeerCertificate().valid_to),
      refusal: socket.authorized ? undefined : String(socket.authorizationError),
    };
  } finally {
    socket.destroy();
  }
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
