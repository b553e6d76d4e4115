// A device that missed the acknowledgement of a message publishes it again, and the broker stamps that as another one. It is a
// repeat when it equals the device's previous message and came shortly after it.
import type { Client } from 'pg';
import { parseStampedId } from '../../domain/message-identity.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { Row } from './row.ts';

/** What is compared of a device's message that was kept. */
interface Kept {
  boot: string;
  counter: number;
  content: string;
  receivedAt: number;
}

// Stored readings only: a device that says the same thing all the time has a row each window, not one in all.
const FIND_PREVIOUS =
  'select * from ingest.previous_readings($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::int[])';

/**
 * The rows that repeat what their device published before, in the table or among `rows`, in whatever order these are: a message whose
 * topic had to be looked up stands behind later ones. Asked again, about a redelivery too, it gives the same answer: it looks at what
 * came before each row, not at what is newest. @throws database errors.
 */
export async function findRepeats(client: Client, rows: readonly Row[]): Promise<Set<Row>> {
  const stamped = rows
    // QoS 0 has no acknowledgement to miss: a device that sends such a message twice means two.
    .filter(({ stamped, route, delivery }) => stamped !== undefined && delivery.tag !== 0 && route.rules.repeatMs > 0)
    .sort(asTheyCame);
  if (stamped.length === 0) return new Set();
  const kept = await findPrevious(client, stamped);
  const repeats = new Set<Row>();
  for (const row of stamped) {
    const { deviceId, rules } = row.route;
    const { boot, counter, content } = row.stamped!;
    const last = kept.get(deviceId);
    const isNext = last !== undefined && !(last.boot === boot && last.counter === counter);
    if (isNext && content.startsWith(last.content) && row.receivedAt - last.receivedAt < rules.repeatMs)
      repeats.add(row);
    else kept.set(deviceId, { boot, counter, content, receivedAt: row.receivedAt });
  }
  return repeats;
}

/** By the broker's clock, then by its number; readings of one message stay as they are. */
const asTheyCame = (one: Row, other: Row) =>
  one.receivedAt - other.receivedAt || one.stamped!.counter - other.stamped!.counter;

/** What each device had stored before its first row. */
async function findPrevious(client: Client, rows: readonly Row[]): Promise<Map<string, Kept>> {
  const firsts = new Map<string, Row>();
  for (const row of rows) if (!firsts.has(row.route.deviceId)) firsts.set(row.route.deviceId, row);
  const asked = [...firsts.values()];
  const { rows: found } = await client.query<{ device: string; message: string; received_at: Date }>(FIND_PREVIOUS, [
    asked.map(({ route }) => route.tenantId),
    asked.map(({ route }) => route.deviceId),
    asked.map(({ ts }) => formatTimestamp(ts)),
    asked.map(({ messageId }) => messageId),
    asked.map(({ route }) => route.rules.repeatMs),
  ]);
  const kept = new Map<string, Kept>();
  for (const { device, message, received_at: receivedAt } of found) {
    const stamp = parseStampedId(message);
    if (stamp) kept.set(device, { ...stamp, receivedAt: receivedAt.getTime() });
  }
  return kept;
}
