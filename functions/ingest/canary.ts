// The canary: a message of ingest's own that goes through broker, queue, transaction and table as every reading does. A loss before ingest
// is in no ledger: a session that is gone or not subscribed, a broker that forgot. A canary that was acknowledged and does not come shows it.
import type { Client } from 'pg';
import { CANARY_TOPIC } from '../../domain/topics.ts';
import type { Database } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';
import type { Delivery } from '../source/delivery.ts';
import type { CanaryWay } from '../source/source.ts';

/** A canary that has come. */
export interface Canary {
  /** The source that has sent it, by its name. */
  session: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** The canary in a message; undefined when it is a device's. The gate lets only ingest publish to this topic. */
export function readCanary(delivery: Delivery): Canary | undefined {
  if (delivery.topic !== CANARY_TOPIC) return undefined;
  const [at = '', ...session] = delivery.payload.toString('utf8').split(' ');
  return { at: Number(at), session: session.join(' ') };
}

/** The latest time that a Date can hold; the database can, too. */
const LATEST_DATE = 8.64e15;

/** Notes in a batch's transaction what has come to this session. @throws database errors. */
export async function noteCanary(client: Client, session: string, canaries: readonly Canary[]): Promise<void> {
  const own = canaries.filter((canary) => canary.session === session && canary.at > 0 && canary.at <= LATEST_DATE);
  if (own.length === 0) return;
  const newest = Math.max(...own.map(({ at }) => at));
  await client.query('select ingest.canary_came($1, to_timestamp($2::double precision / 1000))', [session, newest]);
}

/** What sends one. */
export interface CanaryOptions {
  database: Pick<Database, 'query'>;
  way: CanaryWay;
  /** The source's name. */
  session: string;
  /** Whether nothing waits on the broker any more, so that the previous one must have come. */
  isDrained: boolean;
  /** How long to wait for the broker, in milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
  now: () => number;
  log: Logger;
}

/** What one told: how old the newest is that has come (undefined: none yet), and whether the previous one was lost. */
export interface CanaryReport {
  ageSeconds: number | undefined;
  isLost: boolean;
}

/** Logged when acknowledged messages do not arrive. */
export const CANARY_LOST = 'acknowledged messages do not arrive: a canary that the broker acknowledged has not come';

/** Publishes one, and looks whether the previous one has come. Never throws: it must not stop ingest. */
export async function sendCanary(options: CanaryOptions): Promise<CanaryReport | undefined> {
  const answered = new AbortController();
  const { database, way, session, isDrained, patienceMs, signal, now, log } = options;
  try {
    const at = now();
    const late = pause(patienceMs, AbortSignal.any([signal, answered.signal])).then(() => {
      throw new Error('the broker did not acknowledge it in time');
    });
    const answer = await Promise.race([way.send(`${at} ${session}`), late]);
    if (typeof answer === 'object') {
      log.warn({ reason: answer.refused }, 'the broker refused the canary; is its registry that of a former release?');
      return undefined;
    }
    const { rows } = await database.query<{ is_missing: boolean; age_seconds: number | null }>(
      'select * from ingest.canary_published($1, to_timestamp($2::double precision / 1000), $3)',
      [session, at, isDrained],
    );
    const isUnheard = answer === 'unheard';
    const isLost = isUnheard || rows[0]?.is_missing === true;
    const ageSeconds = rows[0]?.age_seconds == null ? undefined : Math.round(rows[0].age_seconds);
    if (isLost) {
      log.error({ canaryAgeSeconds: ageSeconds, isSubscribed: !isUnheard }, CANARY_LOST);
      way.renew();
    }
    return { ageSeconds, isLost };
  } catch (error) {
    log.warn({ error: summarizeError(error) }, 'canary not sent');
    return undefined;
  } finally {
    answered.abort();
  }
}
