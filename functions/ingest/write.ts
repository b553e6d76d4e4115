// Writes rows into public.telemetry: all at once by COPY, or with an insert that skips duplicates, and without the rows to blame.
import pg, { type Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { JSONB_VERSION, writeTime } from '../database/binary.ts';
import { classify } from '../database/sqlstate.ts';
import { addBytes, addRows, addTo, type Outcomes } from './accounting.ts';
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
 * @throws database errors: 23505 when one is there already, others when one is bad; {@link rowToBlame} says which.
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
  if (fresh.length > 0) {
    await copy(client, fresh, onSent).catch((error) => {
      const [, line] = (error instanceof pg.DatabaseError && COPY_LINE.exec(error.where ?? '')) || [];
      const row = fresh[Number(line) - 1];
      if (row) blamed.set(error, row);
      throw error;
    });
  }
  addRows(outcomes, 'stored', fresh);
  addRows(outcomes, 'duplicate', known);
}

/** Where COPY stopped, in an error's context (PostgreSQL, src/backend/commands/copyfromparse.c, CopyFromErrorCallback). */
const COPY_LINE = /^COPY telemetry, line (\d+)/m;
const blamed = new WeakMap<object, Row>();

/** The row at which COPY stopped; undefined when the database did not say. @param error of {@link writeFast}. */
export const rowToBlame = (error: object): Row | undefined => blamed.get(error);

/**
 * By connection, the memory of its last COPY: there is one at a time, and when the next begins the database has got the last one's bytes. Buffers
 * of their own would be most of what V8 has to collect.
 */
const buffers = new WeakMap<Client, Buffer>();
const MOST_KEPT_BYTES = 4 * 1024 ** 2;

function copy(client: Client, rows: readonly Row[], onSent: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(COPY_TELEMETRY));
    stream.on('error', reject);
    stream.on('finish', () => {
      if (stream.rowCount === rows.length) resolve();
      else reject(new Error(`COPY took ${stream.rowCount} of ${rows.length} rows`));
    });
    const bytes = encodeRows(rows, buffers.get(client));
    if (bytes.buffer.byteLength <= MOST_KEPT_BYTES) buffers.set(client, Buffer.from(bytes.buffer));
    stream.write(bytes, onSent);
    stream.end();
  });
}

/**
 * Writes rows of any number of tenants; skips those that are there, and sorts out those that the database refuses. Costs a bounded
 * number of statements, whatever the rows and however many tenants they are of.
 * @param left most rows a tenant may store; a tenant that is not in it: all.
 * @param isBadExpected looks for bad rows before it writes. Default: false.
 * @throws database errors; one of kind `data` when it refuses rows together that it takes one by one.
 */
export async function writeCarefully(
  client: Client,
  rows: readonly Row[],
  left: ReadonlyMap<string, number>,
  session: string,
  outcomes: Outcomes,
  isBadExpected = false,
): Promise<void> {
  const may = new Map(left);
  let rest = rows;
  for (let round = 0; round < MAX_ROUNDS && rest.length > 0; round++) {
    const [part, later] = withinQuota(rest, may);
    if (part.length === 0) break;
    for (const [tenant, { stored }] of await writePart(client, part, session, outcomes, isBadExpected)) {
      const most = may.get(tenant);
      if (most !== undefined) may.set(tenant, most - stored);
    }
    rest = later;
  }
  addRows(outcomes, 'overQuota', rest);
}

/** The first rows of each tenant, as many as it may still store, and the others. */
function withinQuota(rows: readonly Row[], may: ReadonlyMap<string, number>): [part: Row[], later: Row[]] {
  const taken = new Map<string, number>();
  const [part, later]: [Row[], Row[]] = [[], []];
  for (const row of rows) {
    const { tenant } = row.route;
    const number = taken.get(tenant) ?? 0;
    if (number >= (may.get(tenant) ?? Number.POSITIVE_INFINITY)) later.push(row);
    else {
      taken.set(tenant, number + 1);
      part.push(row);
    }
  }
  return [part, later];
}

/**
 * Writes rows, and makes dead letters of those to blame. They are looked for first where they are expected, and otherwise when the rows
 * have been refused together: each statement more is time for which others' readings wait.
 */
async function writePart(
  client: Client,
  rows: readonly Row[],
  session: string,
  outcomes: Outcomes,
  isBadExpected: boolean,
): Promise<Map<string, Stored>> {
  let good = rows;
  let stored = isBadExpected ? undefined : await insertUnlessBad(client, rows, session);
  if (stored === undefined) {
    const refused = await findRefused(client, rows);
    good = rows.filter((row) => !refused.has(row));
    stored = await insertFresh(client, good, session);
    for (const [row, detail] of refused) outcomes.refused.push(refuse(row, detail));
  }
  for (const [tenant, own] of Map.groupBy(good, (row) => row.route.tenant)) {
    const fresh = stored.get(tenant) ?? { stored: 0, bytes: 0 };
    addTo(outcomes, 'stored', tenant, fresh.stored);
    addBytes(outcomes, tenant, fresh.bytes);
    addTo(outcomes, 'duplicate', tenant, own.length - fresh.stored);
  }
  return stored;
}

/** As insertFresh; undefined when data are to blame: then nothing is written. */
async function insertUnlessBad(client: Client, rows: readonly Row[], session: string) {
  await client.query('savepoint part');
  try {
    return await insertFresh(client, rows, session);
  } catch (error) {
    if (classify(error) !== 'data') throw error;
    await client.query('rollback to savepoint part');
    return undefined;
  }
}

/** Readings that were new, and the bytes of their payloads. */
interface Stored {
  stored: number;
  bytes: number;
}

/** Inserts what is not known already. @returns what was new, by tenant. @throws database errors. */
async function insertFresh(client: Client, rows: readonly Row[], session: string): Promise<Map<string, Stored>> {
  const known = await claimUntimed(client, rows, session);
  const fresh = rows.filter((row) => !known.has(row));
  if (fresh.length === 0) return new Map();
  const slugs = new Map(fresh.map(({ route }) => [route.tenantId, route.tenant]));
  const { rows: counted } = await client.query<{ tenant_id: string; stored: string; bytes: string }>(
    INSERT,
    columnsOf(fresh),
  );
  return new Map(
    counted.map(({ tenant_id: id, stored, bytes }) => [
      slugs.get(id) as string,
      { stored: Number(stored), bytes: Number(bytes) },
    ]),
  );
}

/** The rows that the database refuses one by one, and its words. @throws database errors that no row is to blame for. */
async function findRefused(client: Client, rows: readonly Row[]): Promise<Map<Row, string>> {
  const { rows: found } = await client.query<{ place: string; code: string; message: string }>(
    FIND_REFUSED,
    columnsOf(rows),
  );
  return new Map(found.map(({ place, code, message }) => [rows[Number(place) - 1] as Row, `${code}: ${message}`]));
}

/** The database's own words go to the tenant whose message it is, not into a log. */
function refuse(row: Row, detail: string): DeadLetter {
  const { delivery, route, messageId } = row;
  const { tenant, tenantId, deviceId } = route;
  const sent = sentOf(row);
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
const UUID_BYTES = 16;

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

/** All rows as one COPY stream. @param into is written to when it is large enough. Default: a new buffer. */
export function encodeRows(rows: readonly Row[], into?: Buffer): Buffer {
  let size = SIGNATURE.length + TRAILER.length;
  for (const row of rows) {
    // A character of UTF-16 is at most three bytes of UTF-8.
    size += row.route.prefix.length + FIXED_BYTES + row.idLength * 3 + row.size;
  }
  const out = into && into.length >= size ? into : Buffer.allocUnsafeSlow(size);
  let at = SIGNATURE.copy(out, 0);
  for (const row of rows) {
    at += row.route.prefix.copy(out, at);
    at = writeTime(out, row.ts, out.writeInt32BE(8, at));
    const idBytes = writeText(out, row.messageId, at + 4);
    out.writeInt32BE(idBytes, at);
    at = writeTime(out, row.receivedAt * 1000, out.writeInt32BE(8, at + 4 + idBytes));
    at = out.writeInt32BE(1 + row.size, at);
    out[at] = JSONB_VERSION;
    at += 1 + row.copyTo(out, at + 1);
  }
  at += TRAILER.copy(out, at);
  return out.subarray(0, at);
}

/** Ids are short, and nearly all are ASCII: to write one in native code would take longer to call than to do. */
function writeText(out: Buffer, text: string, at: number): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return out.write(text, at, 'utf8');
    out[at + index] = code;
  }
  return text.length;
}

const INSERT = 'select tenant_id, stored, bytes from ingest.insert_readings($1, $2, $3, $4, $5, $6)';
const FIND_REFUSED = 'select place, code, message from ingest.refused_readings($1, $2, $3, $4, $5, $6)';

/** The columns of rows, in the order of the functions' parameters. */
const columnsOf = (rows: readonly Row[]) => [
  rows.map(({ route }) => route.tenantId),
  rows.map(({ route }) => route.deviceId),
  rows.map(({ ts }) => formatTimestamp(ts)),
  rows.map(({ messageId }) => messageId),
  rows.map(({ receivedAt }) => formatTimestamp(receivedAt * 1000)),
  rows.map(({ payload }) => payload.toString('utf8')),
];
