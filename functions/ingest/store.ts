// Writes a batch in one transaction: optimistically with COPY, and when a row stands in the way, carefully.

import type pg from 'pg';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Batch, DeadLetter, Row } from './batch.ts';
import { COPY_TELEMETRY, encodeRows } from './copy-rows.ts';
import type { Database } from './database.ts';
import { insertDeadLetters } from './dead-letters.ts';
import { insertRows } from './insert-rows.ts';
import type { Lease } from './lease.ts';
import { classify } from './sqlstate.ts';
import { type Tallies, tallyOf } from './tally.ts';
import { claimUntimed } from './untimed.ts';

/** What a committed batch did. */
export interface Written {
  tallies: Tallies;
  /** True when COPY met a duplicate or a bad row and the batch was written a second way. */
  careful: boolean;
}

/** Where batches go. */
export interface Store {
  /**
   * Resolves when everything in the batch is committed, as a row, a known duplicate or a dead letter. Safe to repeat
   * after any error, also when nobody knows whether the commit got through.
   * @throws database errors that no single message is to blame for; MS001 when another run has taken over.
   */
  write(batch: Batch): Promise<Written>;
}

/** @param session the client id whose packet identifiers the batches carry. */
export function createStore(database: Database, lease: Lease, session: string): Store {
  const attempt = async (batch: Batch, careful: boolean): Promise<Written> => {
    const tallies = await database.transaction(lease.assertion, async (client) => {
      const fates = careful ? await writeCarefully(client, batch, session) : await writeFast(client, batch, session);
      await insertDeadLetters(client, [...batch.deadLetters, ...fates.refused]);
      return count(batch, fates);
    });
    return { tallies, careful };
  };
  return {
    write: async (batch) => {
      await batch.settle();
      try {
        return await attempt(batch, false);
      } catch (error) {
        const kind = classify(error);
        if (kind !== 'duplicate' && kind !== 'data') throw error;
        return attempt(batch, true);
      }
    },
  };
}

/** What happened to a batch's rows. */
export interface Fates {
  stored: Tenants;
  duplicate: Tenants;
  refused: DeadLetter[];
}

/** Numbers of rows by tenant slug. */
export type Tenants = Map<string, number>;

async function writeFast(client: Client, batch: Batch, session: string): Promise<Fates> {
  const known = await claimUntimed(client, batch.rows, session);
  const rows = known.size === 0 ? batch.rows : batch.rows.filter((row) => !known.has(row));
  if (rows.length > 0) await copy(client, rows);
  return { stored: perTenant(rows), duplicate: perTenant([...known]), refused: [] };
}

function copy(client: Client, rows: readonly Row[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(COPY_TELEMETRY));
    stream.on('error', reject);
    stream.on('finish', () => {
      if (stream.rowCount === rows.length) resolve();
      else reject(new Error(`COPY took ${stream.rowCount} of ${rows.length} rows`));
    });
    stream.end(encodeRows(rows));
  });
}

/** A tenant at a time, because an insert that skips duplicates says only how many rows it stored. */
async function writeCarefully(client: Client, batch: Batch, session: string): Promise<Fates> {
  const fates: Fates = { stored: new Map(), duplicate: new Map(), refused: [] };
  const byTenant = Map.groupBy(batch.rows, (row) => row.route.tenant);
  for (const [tenant, rows] of byTenant) {
    let duplicates = 0;
    await inHalves(client, rows, fates, async (part) => {
      const known = await claimUntimed(client, part, session);
      const stored = await insertRows(
        client,
        part.filter((row) => !known.has(row)),
      );
      return () => {
        fates.stored.set(tenant, (fates.stored.get(tenant) ?? 0) + stored);
        duplicates += part.length - stored;
      };
    });
    fates.duplicate.set(tenant, duplicates);
  }
  return fates;
}

/**
 * Writes rows under a savepoint; when the data are to blame, each half on its own, down to the rows to blame, which
 * become dead letters. For b bad rows of n that is about 2 b log2(n) statements.
 * @param write returns what to count once its savepoint is released.
 */
async function inHalves(
  client: Client,
  rows: Row[],
  fates: Fates,
  write: (part: Row[]) => Promise<() => void>,
): Promise<void> {
  await client.query('savepoint part');
  try {
    const counted = await write(rows);
    await client.query('release savepoint part');
    counted();
  } catch (error) {
    if (classify(error) !== 'data') throw error;
    await client.query('rollback to savepoint part; release savepoint part');
    if (rows.length === 1) {
      fates.refused.push(refuse(rows[0] as Row, error as pg.DatabaseError));
    } else {
      const middle = rows.length >> 1;
      await inHalves(client, rows.slice(0, middle), fates, write);
      await inHalves(client, rows.slice(middle), fates, write);
    }
  }
}

/** The database's own words go to the tenant whose message it is, not into a log. */
function refuse({ delivery, route, messageId }: Row, error: pg.DatabaseError): DeadLetter {
  const { tenant, tenantId, deviceId } = route;
  const detail = `${error.code}: ${error.message}`;
  return { delivery, tenant, tenantId, deviceId, messageId, reason: 'database-rejected', detail };
}

function count(batch: Batch, fates: Fates): Tallies {
  const tallies: Tallies = new Map();
  for (const { route } of batch.rows) tallyOf(tallies, route.tenant).received += 1;
  for (const { tenant } of batch.deadLetters) {
    const tally = tallyOf(tallies, tenant);
    tally.received += 1;
    tally.rejected += 1;
  }
  for (const [tenant, repeats] of batch.repeats) {
    const tally = tallyOf(tallies, tenant);
    tally.received += repeats;
    tally.duplicate += repeats;
  }
  for (const [tenant, stored] of fates.stored) tallyOf(tallies, tenant).stored += stored;
  for (const [tenant, known] of fates.duplicate) tallyOf(tallies, tenant).duplicate += known;
  for (const { tenant } of fates.refused) tallyOf(tallies, tenant).rejected += 1;
  return tallies;
}

function perTenant(rows: readonly Row[]): Tenants {
  const numbers: Tenants = new Map();
  for (const { route } of rows) numbers.set(route.tenant, (numbers.get(route.tenant) ?? 0) + 1);
  return numbers;
}
