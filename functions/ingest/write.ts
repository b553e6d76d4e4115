// Rows into public.telemetry: all at once by COPY, or tenant by tenant, skipping duplicates and finding bad rows.
import type pg from 'pg';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { classify } from '../database/sqlstate.ts';
import type { DeadLetter } from './batch.ts';
import { COPY_TELEMETRY, encodeRows } from './copy-rows.ts';
import { insertRows } from './insert-rows.ts';
import { addRows, addTo, type Fates } from './outcomes.ts';
import { type Row, sentOf } from './row.ts';
import { claimUntimed } from './untimed-identity.ts';

/**
 * How often the rows that a tenant may still store are looked for behind duplicates, which use up nothing. One round is
 * enough without duplicates; with them, a tenant at its quota's edge may be refused a reading too many.
 */
const MAX_ROUNDS = 8;

/**
 * Writes rows by COPY.
 * @param onSent called when the rows are on their way.
 * @throws database errors: 23505 when one is there already, others when one is bad.
 */
export async function writeFast(
  client: Client,
  rows: readonly Row[],
  session: string,
  fates: Fates,
  onSent: () => void,
): Promise<void> {
  const known = await claimUntimed(client, rows, session);
  const fresh = known.size === 0 ? rows : rows.filter((row) => !known.has(row));
  if (fresh.length > 0) await copy(client, fresh, onSent);
  addRows(fates.stored, fresh);
  addRows(fates.duplicate, known);
}

function copy(client: Client, rows: readonly Row[], onSent: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(COPY_TELEMETRY));
    stream.on('error', reject);
    stream.on('finish', () => {
      if (stream.rowCount === rows.length) resolve();
      else reject(new Error(`COPY took ${stream.rowCount} of ${rows.length} rows`));
    });
    stream.write(encodeRows(rows), onSent);
    stream.end();
  });
}

/**
 * A tenant at a time, because an insert that skips duplicates says only how many rows it stored.
 * @param left most rows a tenant may store; a tenant that is not in it: all.
 */
export async function writeCarefully(
  client: Client,
  rows: readonly Row[],
  left: ReadonlyMap<string, number>,
  session: string,
  fates: Fates,
): Promise<void> {
  for (const [tenant, own] of Map.groupBy(rows, (row) => row.route.tenant)) {
    let may = left.get(tenant) ?? Number.POSITIVE_INFINITY;
    let rest = own;
    for (let round = 0; round < MAX_ROUNDS && rest.length > 0 && may > 0; round++) {
      const part = rest.slice(0, may);
      rest = rest.slice(part.length);
      await inHalves(client, part, fates, async (half) => {
        const known = await claimUntimed(client, half, session);
        const stored = await insertRows(
          client,
          half.filter((row) => !known.has(row)),
        );
        return () => {
          addTo(fates.stored, tenant, stored);
          addTo(fates.duplicate, tenant, half.length - stored);
          may -= stored;
        };
      });
    }
    if (rest.length > 0) addTo(fates.overQuota, tenant, rest.length);
  }
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
function refuse(row: Row, error: pg.DatabaseError): DeadLetter {
  const { delivery, route, messageId } = row;
  const { tenant, tenantId, deviceId } = route;
  const sent = sentOf(row);
  const detail = `${error.code}: ${error.message}`;
  return { delivery, sent, tenant, tenantId, deviceId, messageId, reason: 'database-rejected', detail };
}
