// Messages with neither a timestamp of their own nor a stamp of the broker's. Their row's time is the time of receipt, so the
// table's key would not recognise a repeat; ingest.untimed does. A declared id without a time is recognised there, too, stamp or not.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { Row } from './row.ts';

// A redelivery carries its original packet identifier (MQTT 5.0, 4.4), and an identifier is free for another message only
// after its acknowledgement, which follows the commit. So when the last use on record of a packet's identifier had the same
// content, it is the recorded message: always when the broker says that it sends it again, and for ten minutes when it does not.
// A broker that was killed has forgotten that it sent it.
const FIND_PACKETS = `
  select packet_id, content_hash, received_at > $3::timestamptz - interval '10 minutes' as is_recent from (
    select packet_id, content_hash, received_at, max(received_at) over (partition by packet_id) as last_used
    from ingest.untimed where session = $1 and packet_id = any ($2::int[])
  ) as use
  where received_at = last_used`;

const CLAIM = `
  insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash, received_at)
  select * from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::text[], $8::timestamptz[])
  on conflict do nothing
  returning device_id, message_id`;

/** Records rows without a timestamp, and returns those that were recorded before: duplicates. @throws database errors. */
export async function claimUntimed(client: Client, rows: readonly Row[], session: string): Promise<Set<Row>> {
  const untimed = rows.filter((row) => row.untimed !== undefined);
  if (untimed.length === 0) return new Set();
  const known = await findRedelivered(client, untimed, session);
  const fresh = untimed.filter((row) => !known.has(row));
  if (fresh.length === 0) return known;
  const { rows: claimed } = await client.query<{ device_id: string; message_id: string }>(CLAIM, [
    fresh.map(({ route }) => route.tenantId),
    fresh.map(({ route }) => route.deviceId),
    fresh.map(({ messageId }) => messageId),
    fresh.map(({ ts }) => formatTimestamp(ts)),
    // A QoS 0 packet has no identifier and is never redelivered: kept under no session, it is never found by packet.
    fresh.map(({ delivery }) => (delivery.tag === 0 ? '' : session)),
    fresh.map(({ delivery }) => delivery.tag || 1),
    fresh.map((row) => row.untimed?.contentHash),
    // By ingest's clock: how long it remembers must not depend on how long the message waited.
    fresh.map(({ delivery }) => formatTimestamp(delivery.receivedAt * 1000)),
  ]);
  const mine = new Set(claimed.map((row) => `${row.device_id} ${row.message_id}`));
  for (const row of fresh) if (!mine.delete(`${row.route.deviceId} ${row.messageId}`)) known.add(row);
  return known;
}

async function findRedelivered(client: Client, untimed: readonly Row[], session: string): Promise<Set<Row>> {
  const candidates = untimed.filter((row) => row.untimed?.byContent && row.delivery.tag !== 0);
  const [first] = candidates;
  if (first === undefined) return new Set();
  const { rows } = await client.query<{ packet_id: number; content_hash: string; is_recent: boolean }>(FIND_PACKETS, [
    session,
    candidates.map(({ delivery }) => delivery.tag),
    formatTimestamp(first.receivedAt * 1000),
  ]);
  const packets = new Map(rows.map((row) => [`${row.packet_id} ${row.content_hash}`, row.is_recent]));
  return new Set(
    candidates.filter(({ delivery, untimed: identity }) => {
      const isRecent = packets.get(`${delivery.tag} ${identity?.contentHash}`);
      return isRecent !== undefined && (delivery.again || isRecent);
    }),
  );
}
