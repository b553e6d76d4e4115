// Messages that can never become a row are kept with their bytes and the reason.
import type { Client } from 'pg';
import { bucketedId, contentHash } from '../../domain/message-identity.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { DeadLetter } from './batch.ts';
import { keptTopic, type Sent } from './row.ts';

const INSERT = `
  insert into public.dead_letters
    (tenant_id, device_id, topic, payload, content_type, reason, detail, message_id, fingerprint, received_at,
     properties)
  select * from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::jsonb[])
  on conflict do nothing`;

/**
 * Keeps dead letters. Equal messages refused for the same reason within one bucket of time are kept once: a device that
 * repeats one bad message must not fill the disk. @throws database errors.
 */
export async function insertDeadLetters(client: Client, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await client.query(INSERT, [
    letters.map(({ tenantId }) => tenantId ?? null),
    letters.map(({ deviceId }) => deviceId ?? null),
    letters.map(({ delivery }) => storable(keptTopic(delivery))),
    letters.map(({ sent }) => sent.payload),
    letters.map(({ sent }) => storable(sent.contentType)),
    letters.map(({ reason }) => reason),
    letters.map(({ detail }) => storable(detail)),
    letters.map(({ messageId }) => storable(messageId)),
    letters.map(fingerprint),
    letters.map(({ delivery }) => formatTimestamp(delivery.receivedAt * 1000)),
    letters.map(({ sent }) => propertiesOf(sent)),
  ]);
}

function fingerprint({ delivery, sent, reason }: DeadLetter): string {
  return `${reason}.${bucketedId(contentHash(delivery.topic, sent.payload), delivery.receivedAt)}`;
}

/** The user properties as JSON, or null when they say nothing. */
function propertiesOf({ envelope }: Sent): string | null {
  const { id, ts } = envelope ?? {};
  if (id === undefined && ts === undefined) return null;
  return JSON.stringify({ id: storable(id) ?? undefined, ts: storable(ts) ?? undefined });
}

/** Postgres' text holds no NUL; a dead letter must always be storable. */
const storable = (text: string | undefined) => text?.replaceAll('\0', '\ufffd') ?? null;
