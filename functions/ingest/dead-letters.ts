// Messages that can never become a row are kept with their bytes and the reason.
import type { Client } from 'pg';
import { bucketedId, contentHash, stampedId } from '../../domain/message-identity.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { cameAt } from '../source/delivery.ts';
import type { DeadLetter } from './batch.ts';
import { messageContent, sentAsWhole } from './row.ts';

/** What a dead letter keeps of its message's properties and stamp, so that it is the same message when it is redriven. */
export interface KeptProperties {
  id?: string;
  ts?: string;
  /** The message id that its reading has without a timestamp. */
  stamp?: string;
  /** The gate's note. */
  note?: string;
}

const KEEP = `select ingest.keep_dead_letters(
  $1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::timestamptz[], $11::jsonb[], $12::int[])`;

/**
 * Keeps dead letters, as many as their tenant may have; the others are counted. Equal messages refused for the same reason within
 * one bucket of time are kept once: a device that repeats one bad message must not fill the disk. @throws database errors.
 */
export async function keepDeadLetters(client: Client, refused: readonly DeadLetter[]): Promise<void> {
  if (refused.length === 0) return;
  const letters = [...Map.groupBy(refused, ({ delivery }) => delivery).values()].map(joined);
  await client.query(KEEP, [
    letters.map(({ tenantId }) => tenantId ?? null),
    letters.map(({ deviceId }) => deviceId ?? null),
    letters.map(({ topic }) => storable(topic)),
    letters.map(({ sent }) => sent.payload),
    letters.map(({ sent }) => storable(sent.contentType)),
    letters.map(({ reason }) => reason),
    letters.map(({ detail }) => storable(detail)),
    letters.map(({ messageId }) => storable(messageId)),
    letters.map(fingerprint),
    letters.map(({ delivery }) => formatTimestamp(cameAt(delivery) * 1000)),
    letters.map(propertiesOf),
    letters.map(({ readings }) => readings),
  ]);
}

/**
 * One letter a message. A gzip of 2 kB can hold a thousand readings: as a letter for each they would be two hundred times as much.
 * Of several, the whole message is kept as it was sent; when it is redriven, the readings that were stored are duplicates.
 */
function joined(refused: DeadLetter[]): DeadLetter & { readings: number } {
  const [first] = refused as [DeadLetter];
  const readings = refused.length;
  if (readings === 1) return { ...first, readings };
  const sent = sentAsWhole(first.delivery);
  const detail = `${readings} readings of this message; the first, number ${first.sent.index + 1}: ${first.detail}`;
  return { ...first, sent, messageId: sent.envelope?.id, detail, readings };
}

function fingerprint({ delivery, sent, reason }: DeadLetter): string {
  const { topic, stamp } = delivery;
  // With its note, which says what the gate has changed: it delivers all wrong topics of a device on one.
  const content = contentHash(typeof stamp === 'object' ? topic + stamp.note : topic, sent.payload);
  return `${reason}.${bucketedId(content, cameAt(delivery))}`;
}

/** As JSON, or null when there is nothing to keep. */
function propertiesOf({ delivery, sent }: DeadLetter): string | null {
  const { id, ts } = sent.envelope ?? {};
  const { stamp } = delivery;
  const kept: KeptProperties = {};
  if (id !== undefined) kept.id = storable(id) as string;
  if (ts !== undefined) kept.ts = storable(ts) as string;
  if (typeof stamp === 'object') {
    const content = stamp.first?.content ?? messageContent(delivery);
    kept.stamp = stampedId(stamp, content, (stamp.first?.index ?? 0) + sent.index);
    if (stamp.note !== '') kept.note = stamp.note;
  }
  return Object.keys(kept).length === 0 ? null : JSON.stringify(kept);
}

/** Postgres' text holds no NUL; a dead letter must always be storable. */
const storable = (text: string | undefined) => text?.replaceAll('\0', '\ufffd') ?? null;
