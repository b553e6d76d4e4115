// Writes rows into public.telemetry: all at once by COPY, or tenant by tenant, skipping duplicates and finding bad rows.
import type pg from 'pg';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { classify } from '../database/sqlstate.ts';
import { addRows, addTo, type Outcomes } from './accounting.ts';
import type { DeadLetter } from './batch.ts';
import { keptTopic, type Row, sentOf } from './row.ts';
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
  outcomes: Outcomes,
  onSent: () => void,
): Promise<void> {
  const known = await claimUntimed(client, rows, session);
  const fresh = known.size === 0 ? rows : rows.filter((row) => !known.has(row));
  if (fresh.length > 0) await copy(client, fresh, onSent);
  addRows(outcomes, 'stored', fresh);
  addRows(outcomes, 'duplicate', known);
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
  outcomes: Outcomes,
): Promise<void> {
  for (const [tenant, own] of Map.groupBy(rows, (row) => row.route.tenant)) {
    let may = left.get(tenant) ?? Number.POSITIVE_INFINITY;
    let rest = own;
    for (let round = 0; round < MAX_ROUNDS && rest.length > 0 && may > 0; round++) {
      const part = rest.slice(0, may);
      rest = rest.slice(part.length);
      await inHalves(client, part, outcomes, async (half) => {
        const known = await claimUntimed(client, half, session);
        const stored = await insertRows(
          client,
          half.filter((row) => !known.has(row)),
        );
        return () => {
          addTo(outcomes, 'stored', tenant, stored);
          addTo(outcomes, 'duplicate', tenant, half.length - stored);
          may -= stored;
        };
      });
    }
    if (rest.length > 0) addTo(outcomes, 'overQuota', tenant, rest.length);
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
  outcomes: Outcomes,
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
      outcomes.refused.push(refuse(rows[0] as Row, error as pg.DatabaseError));
    } else {
      const middle = rows.length >> 1;
      await inHalves(client, rows.slice(0, middle), outcomes, write);
      await inHalves(client, rows.slice(middle), outcomes, write);
    }
  }
}

/** The database's own words go to the tenant whose message it is, not into a log. */
function refuse(row: Row, error: pg.DatabaseError): DeadLetter {
  const { delivery, route, messageId } = row;
  const { tenant, tenantId, deviceId } = route;
  const sent = sentOf(row);
  const detail = `${error.code}: ${error.message}`;
  return {
    delivery,
    sent,
    topic: keptTopic(delivery),
    tenant,
    tenantId,
    deviceId,
    messageId,
    reason: 'database-rejected',
    detail,
  };
}

// Rows in COPY's binary format (PostgreSQL documentation, COPY, "Binary Format"): no escaping, no text for Postgres to
// parse back into ids and times, and the payload's bytes are copied as they came.

/** The statement that takes these bytes; the order of the columns is the order below. */
export const COPY_TELEMETRY =
  'copy public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload) from stdin (format binary)';

const COLUMNS = 6;
const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
/** Postgres counts microseconds from 2000-01-01T00:00:00Z. */
const POSTGRES_EPOCH_MICROS = Date.UTC(2000, 0, 1) * 1000;
/** jsonb's binary form is this version number and the text. */
const JSONB_VERSION = 1;
const UUID_BYTES = 16;
const TWO_TO_32 = 4_294_967_296;

/** Length words, two timestamps and the version byte: what a row takes beside prefix, message id and payload. */
const FIXED_BYTES = 4 + 8 + 4 + 4 + 8 + 4 + 1;

/** The number of columns and the first two, which are the same for every row of a device. */
export function encodePrefix(tenantId: string, deviceId: string): Buffer {
  const prefix = Buffer.alloc(2 + 2 * (4 + UUID_BYTES));
  prefix.writeInt16BE(COLUMNS, 0);
  let at = 2;
  for (const id of [tenantId, deviceId]) {
    at = prefix.writeInt32BE(UUID_BYTES, at);
    at += prefix.write(id.replaceAll('-', ''), at, 'hex');
  }
  return prefix;
}

/** All rows as one COPY stream. */
export function encodeRows(rows: readonly Row[]): Buffer {
  let size = SIGNATURE.length + TRAILER.length;
  for (const { route, messageId, payload } of rows) {
    // A character of UTF-16 is at most three bytes of UTF-8.
    size += route.prefix.length + FIXED_BYTES + messageId.length * 3 + payload.length;
  }
  const out = Buffer.allocUnsafe(size);
  let at = SIGNATURE.copy(out, 0);
  for (const { route, ts, messageId, receivedAt, payload } of rows) {
    at += route.prefix.copy(out, at);
    at = writeTimestamp(out, ts, at);
    const idBytes = out.write(messageId, at + 4, 'utf8');
    out.writeInt32BE(idBytes, at);
    at = writeTimestamp(out, receivedAt * 1000, at + 4 + idBytes);
    at = out.writeInt32BE(1 + payload.length, at);
    out[at] = JSONB_VERSION;
    at += 1 + payload.copy(out, at + 1);
  }
  at += TRAILER.copy(out, at);
  return out.subarray(0, at);
}

function writeTimestamp(out: Buffer, micros: number, at: number): number {
  const value = micros - POSTGRES_EPOCH_MICROS;
  const high = Math.floor(value / TWO_TO_32);
  out.writeInt32BE(8, at);
  out.writeInt32BE(high, at + 4);
  return out.writeUInt32BE(value - high * TWO_TO_32, at + 8);
}

// Without a conflict target no SELECT right is needed: the role may only insert.
const INSERT = `
  insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
  select tenant_id, device_id, ts, message_id, received_at, payload::jsonb
  from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::text[])
    as row (tenant_id, device_id, ts, message_id, received_at, payload)
  on conflict do nothing`;

/** Inserts rows and returns how many were new. @throws database errors. */
async function insertRows(client: Client, rows: readonly Row[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(INSERT, [
    rows.map(({ route }) => route.tenantId),
    rows.map(({ route }) => route.deviceId),
    rows.map(({ ts }) => formatTimestamp(ts)),
    rows.map(({ messageId }) => messageId),
    rows.map(({ receivedAt }) => formatTimestamp(receivedAt * 1000)),
    rows.map(({ payload }) => payload.toString('utf8')),
  ]);
  return rowCount ?? 0;
}
