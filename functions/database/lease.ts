// One run at a time: a lease row in the database with a fencing number that every writing transaction checks.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import pg from 'pg';
import type { Database } from './connection.ts';

/**
 * How long a lease lasts without renewal; after a crash, the next run waits at most this long. Shorter than a slow transaction may take: who is
 * overtaken writes nothing twice, by the fence.
 */
const TTL = '8 seconds';
const RENEW_EVERY_MS = 2_000;

/** An acquired lease. */
export interface Lease {
  name: string;
  /** Grows with every holder. */
  fence: bigint;
  /** SQL that fails with MS001 if another run has acquired the lease since, and otherwise prevents that until the commit. */
  assertion: string;
  /**
   * The database's time, in milliseconds since 1970: this computer's own clock may be days off. Set with each renewal,
   * and even in between, whatever happens to this computer's.
   */
  now: () => number;
  /** Aborted when a renewal finds that another run has acquired the lease. */
  lost: AbortSignal;
  /** Stops renewing and releases the lease. Never throws: a lease that cannot be released expires. */
  release(): Promise<void>;
}

/** Takes the lease, or returns undefined if another run holds it. Renews it by itself. @throws database errors. */
export async function acquireLease(database: Database, name: string): Promise<Lease | undefined> {
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  const { rows } = await database.query<{ fence: string | null; now: number }>(
    `select ingest.acquire_lease($1, $2, $3::interval) as fence, ${DATABASE_NOW} as now`,
    [name, holder, TTL],
  );
  const clock = createClock(rows[0]?.now ?? Date.now());
  const fence = rows[0]?.fence;
  if (fence === null || fence === undefined) return undefined;
  const lost = new AbortController();
  let renewing: Promise<void> | undefined;
  const timer = setInterval(() => {
    // It waits for the transaction under way: one at a time.
    renewing ??= database
      .query<{ held: boolean; now: number }>(
        `select ingest.renew_lease($1, $2, $3, $4::interval) as held, ${DATABASE_NOW} as now`,
        [name, holder, fence, TTL],
      )
      .then(
        ({ rows: [row] }) => {
          if (row) clock.set(row.now);
          if (!row?.held) lost.abort();
        },
        // An unreachable database refuses writes, too; assert_fence decides once it is back.
        () => {},
      )
      .finally(() => {
        renewing = undefined;
      });
  }, RENEW_EVERY_MS);
  return {
    name,
    fence: BigInt(fence),
    assertion: `select ingest.assert_fence(${pg.escapeLiteral(name)}, ${BigInt(fence)})`,
    now: clock.now,
    lost: lost.signal,
    release: async () => {
      clearInterval(timer);
      await renewing;
      await database.query('select ingest.release_lease($1, $2, $3)', [name, holder, fence]).catch(() => {});
    },
  };
}

const DATABASE_NOW = '(extract(epoch from clock_timestamp()) * 1000)::float8';

/** A clock that another one's answers set. */
function createClock(first: number): { now: () => number; set: (now: number) => void } {
  let offset = first - performance.now();
  return {
    now: () => Math.floor(offset + performance.now()),
    set: (now) => {
      offset = now - performance.now();
    },
  };
}
