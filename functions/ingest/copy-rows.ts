// Rows in COPY's binary format (PostgreSQL documentation, COPY, "Binary Format"): no escaping, no text for Postgres to
// parse back into ids and times, and the payload's bytes are copied as they came.
import type { Row } from './row.ts';

/** The statement these bytes belong to; the order of the columns is the order below. */
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
  for (const { route, ts, messageId, delivery, payload } of rows) {
    at += route.prefix.copy(out, at);
    at = writeTimestamp(out, ts, at);
    const idBytes = out.write(messageId, at + 4, 'utf8');
    out.writeInt32BE(idBytes, at);
    at = writeTimestamp(out, delivery.receivedAt * 1000, at + 4 + idBytes);
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
