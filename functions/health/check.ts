// Looks at what the platform depends on: the database, the broker, and whether ingest runs.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Database } from '../database/connection.ts';
import type { BrokerSettings } from '../settings/broker.ts';

/** A part's answer comes within this time, or it is taken for dead. */
export const TIMEOUT_MS = 3_000;
/** Ingest runs every minute; a run takes up to 45 s. */
const INGEST_LATE_S = 180;

/** What the database says of the platform (migration platform_figures). */
export interface Figures {
  lastRunAt: Date | null;
  askedAt: Date;
  readings: Record<'received' | 'stored' | 'duplicate' | 'rejected' | 'over_quota', number>;
  databaseBytes: number;
  devices: number;
}

/** What was found. Nothing in it names a tenant or an address. */
export interface Findings {
  /** Undefined: the database did not answer. */
  figures: Figures | undefined;
  /** When the broker's certificate ends; null for a listener without TLS; undefined: the broker did not answer. */
  certificateNotAfter: Date | null | undefined;
}

/** Looks at database and broker at the same time. Never throws. */
export async function examine(database: Database, broker: BrokerSettings): Promise<Findings> {
  const [figures, certificateNotAfter] = await Promise.all([
    within(readFigures(database)).catch(() => undefined),
    greetBroker(broker).catch(() => undefined),
  ]);
  return { figures, certificateNotAfter };
}

/** A part's state, in a few words. */
export interface Health {
  status: 'ok' | 'degraded';
  checks: Record<'database' | 'broker' | 'ingest', string>;
}

/** Each part is "ok", or says in a few words what is wrong. */
export function judge({ figures, certificateNotAfter }: Findings): Health {
  const checks = {
    database: figures ? 'ok' : `no answer within ${TIMEOUT_MS / 1000} s`,
    broker: certificateNotAfter === undefined ? 'does not accept a connection' : 'ok',
    ingest: figures ? judgeIngest(figures) : 'unknown while the database does not answer',
  };
  return { status: Object.values(checks).every((check) => check === 'ok') ? 'ok' : 'degraded', checks };
}

/** Seconds since ingest last ran, by the database's clock; undefined: it never did. */
export const secondsSinceRun = ({ lastRunAt, askedAt }: Figures): number | undefined =>
  lastRunAt ? Math.max(0, (askedAt.getTime() - lastRunAt.getTime()) / 1000) : undefined;

function judgeIngest(figures: Figures): string {
  const seconds = secondsSinceRun(figures);
  if (seconds === undefined) return 'has never run';
  return seconds <= INGEST_LATE_S ? 'ok' : `last ran ${Math.round(seconds / 60)} minutes ago`;
}

async function readFigures(database: Database): Promise<Figures> {
  const { rows } = await database.query<Record<string, Date | string | null>>(
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
  };
}

/**
 * Connects without signing in: an account has one connection, and ingest's is in use.
 * @returns when the certificate ends; null without TLS.
 */
async function greetBroker({ broker: { host, port, tls }, ca }: BrokerSettings): Promise<Date | null> {
  const socket: Socket | TLSSocket = tls
    ? connectTls({ host, port, ca, ...(isIP(host) ? {} : { servername: host }) })
    : connectTcp({ host, port });
  try {
    await within(
      new Promise((resolve, reject) => {
        socket.once(tls ? 'secureConnect' : 'connect', resolve).once('error', reject);
      }),
    );
    return 'getPeerCertificate' in socket ? new Date(socket.getPeerCertificate().valid_to) : null;
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
