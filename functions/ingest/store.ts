// Writes a batch in one transaction: optimistically with COPY, and when a row stands in the way, carefully.

import type { Client } from 'pg';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import type { Delivery } from '../source/delivery.ts';
import { addRows, addToLedger, admit, closeAccount, noOutcomes, spend, type Written } from './accounting.ts';
import type { Batch } from './batch.ts';
import { noteCanary } from './canary.ts';
import { keepDeadLetters } from './dead-letters.ts';
import { type Noted, noteDevices, remember } from './device-status.ts';
import { findRepeats } from './repeats.ts';
import { noteReports } from './reports.ts';
import { rowToBlame, writeCarefully, writeFast } from './write.ts';

/** Where batches go. */
export interface Store {
  /**
   * Resolves when everything in the batch is committed, as a row, a known duplicate, a dead letter or a reading over its
   * tenant's quota. Safe to repeat after any error, also when it is not known whether the commit succeeded.
   * @throws database errors that no single message is to blame for; MS001 when another run has acquired the lease; RowRefused.
   */
  write(batch: Batch, how?: HowToWrite): Promise<Written>;
}

/** How a batch is written. */
export interface HowToWrite {
  /** Called when the rows have been sent to the database, which still has to store them; not always. */
  onSent?: (() => void) | undefined;
  /** Bad rows are expected: looks for them first, instead of trying all rows together. */
  carefully?: boolean;
  /** Where the database says which row is bad, throws RowRefused, and writes nothing. */
  names?: boolean;
}

/** All rows by COPY; all at once, without duplicates; the same without those that the database refuses one by one. */
type Way = 'copy' | 'together' | 'one by one';

/** The database refuses a row of this message, and perhaps others. */
export class RowRefused extends Error {
  override name = 'RowRefused';
  readonly delivery: Delivery;
  constructor(delivery: Delivery, cause: unknown) {
    super('the database refuses a row', { cause });
    this.delivery = delivery;
  }
}

/** What a transaction may take, and how much more for each message: what is split after it took too long fails sooner. */
const TRANSACTION_MS = 3_000;
const MESSAGE_MS = 4;
const MOST_MS = 12_000;

/**
 * @param session names the broker's session whose packet identifiers the batches carry.
 * @param leftMs milliseconds that are left for writing. Default: no bound.
 */
export function createStore(
  database: Database,
  lease: Lease,
  session: string,
  leftMs = () => Number.POSITIVE_INFINITY,
): Store {
  const noted: Noted = new Map();
  const attempt = async (batch: Batch, way: Way, onSent: () => void): Promise<Written> => {
    const careful = way !== 'copy';
    const most = Math.min(TRANSACTION_MS + MESSAGE_MS * batch.messages, MOST_MS, Math.max(0, leftMs()));
    const work = async (client: Client) => {
      const repeats = await findRepeats(client, batch.rows);
      const rows = repeats.size === 0 ? batch.rows : batch.rows.filter((row) => !repeats.has(row));
      const admission = await admit(client, rows);
      const outcomes = noOutcomes();
      addRows(outcomes, 'duplicate', repeats);
      if (careful) await writeCarefully(client, rows, admission.left, session, outcomes, way === 'one by one');
      else {
        await writeFast(client, admission.unbounded, session, outcomes, onSent);
        await writeCarefully(client, admission.bounded, admission.left, session, outcomes);
      }
      await spend(client, admission, outcomes);
      await keepDeadLetters(client, [...batch.deadLetters, ...outcomes.refused]);
      const closed = closeAccount(batch, outcomes);
      await addToLedger(client, batch, closed, outcomes);
      await noteReports(client, batch.reports);
      const heard = await noteDevices(client, batch, rows, outcomes, noted);
      await noteCanary(client, session, batch.canaries);
      return { tallies: closed, heard };
    };
    const { tallies, heard } = await database.transaction(lease.assertion, work, most);
    remember(noted, heard);
    return { tallies, careful, unstamped: batch.unstamped, forged: batch.forged };
  };
  return {
    write: async (batch, { onSent = () => {}, carefully = false, names = false } = {}) => {
      await batch.settle();
      if (carefully) return attempt(batch, 'one by one', onSent);
      try {
        return await attempt(batch, 'copy', onSent);
      } catch (error) {
        const kind = classify(error);
        if (kind !== 'duplicate' && kind !== 'data') throw error;
        const row = names && kind === 'data' ? rowToBlame(error as object) : undefined;
        if (row) throw new RowRefused(row.delivery, error);
        return attempt(batch, 'together', onSent);
      }
    },
  };
}
