// What the broker's gate refused: the newest counters of each tenant, kept until they are written.
import type { Client } from 'pg';
import { refusalsTenant } from '../../domain/refusals.ts';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import type { Delivery } from '../source/delivery.ts';

/** Counters on their way into the database. */
export interface Refusals {
  /** Keeps what a delivery tells; false when it is not a counter. */
  take(delivery: Delivery): boolean;
  /** Writes what is kept, if it is time, or `atOnce`. A failure is logged: the gate tells the sums again. */
  write(atOnce?: boolean): Promise<void>;
}

/** A busy worker hears of each tenant every second; a person looks less often. */
const WRITE_EVERY_MS = 5_000;
/** What a write may take: the end of a run waits for it. */
const WRITE_MS = 2_000;

/** Starts empty. @param now in milliseconds. */
export function createRefusals(database: Database, lease: Lease, log: Logger, now: () => number): Refusals {
  const told = new Map<string, object>();
  let written = 0;
  return {
    take: (delivery) => {
      const tenant = refusalsTenant(delivery.topic);
      if (tenant === undefined) return false;
      const counters = readCounters(delivery.payload);
      if (counters) told.set(tenant, { tenant, ...counters });
      return true;
    },
    write: async (atOnce = false) => {
      if (told.size === 0 || (!atOnce && now() - written < WRITE_EVERY_MS)) return;
      written = now();
      const news = JSON.stringify([...told.values()]);
      told.clear();
      try {
        const work = (client: Client) => client.query('select ingest.add_refusals($1::jsonb)', [news]);
        await database.transaction(lease.assertion, work, WRITE_MS);
      } catch (error) {
        log.warn({ error: summarizeError(error) }, 'what the broker refused was not counted; its next sums have it');
      }
    },
  };
}

/** A tenant's counters; undefined for those of a gate that does not say since when they count. */
function readCounters(payload: Buffer): { since: number; counts: object; devices: object } | undefined {
  try {
    const { since, devices, accepted: _, ...counts } = JSON.parse(payload.toString('utf8'));
    return since === undefined ? undefined : { since, counts, devices };
  } catch {
    // Empty: the tenant is gone.
    return undefined;
  }
}
