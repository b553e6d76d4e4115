// Messages without a timestamp of their own. Their row's time is the time of receipt, so the table's key would not
// recognise a repeat; ingest.untimed does.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { Row } from './batch.ts';

// A redelivery carries its original packet identifier (MQTT 5.0, 4.4), and an identifier is free for another message only
// after its acknowledgement, which follows the commit. So when the last use on record of a DUP packet's identifier had
// the same content, it is the recorded message, even when its time of receipt now falls into another bucket.
const FIND_PACKETS = `
  select distinct on (packet_id) packet_id, content_hash from ingest.untimed
  where session = $1 and packet_id = any ($2::int[])
  order by packet_id, received_at desc`;

const CLAIM = `
  insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash, received_at)
  select * from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::text[], $4::timestamptz[])
  on conflict do nothing
  returning device_id, message_id`;

/** Records rows without a timestamp, and returns those that were recorded before: duplicates. @throws database errors. */
export async function claimUntimed(client: Client, rows: readonly Row[], session: string): Promise<Set<Row>> {
  const untimed = rows.filter((row) => row.untimed !== undefined);
  const known = new Set<Row>();
  if (untimed.length === 0) return known;
  const redelivered = untimed.filter((row) => row.untimed?.lookForPacket);
  if (redelivered.length > 0) {
    const { rows: found } = await client.query<{ packet_id: number; content_hash: string }>(FIND_PACKETS, [
      session,
      redelivered.map(({ delivery }) => delivery.packetId),
    ]);
    const packets = new Set(found.map((row) => `${row.packet_id} ${row.content_hash}`));
    for (const row of redelivered) {
      if (packets.has(`${row.delivery.packetId} ${row.untimed?.contentHash}`)) known.add(row);
    }
  }
  const fresh = untimed.filter((row) => !known.has(row));
  if (fresh.length === 0) return known;
  const { rows: claimed } = await client.query<{ device_id: string; message_id: string }>(CLAIM, [
    fresh.map(({ route }) => route.tenantId),
    fresh.map(({ route }) => route.deviceId),
    fresh.map(({ messageId }) => messageId),
    fresh.map(({ ts }) => formatTimestamp(ts)),
    // A QoS 0 packet has no identifier and is never redelivered: kept under no session, it is never found by packet.
    fresh.map(({ delivery }) => (delivery.packetId === 0 ? '' : session)),
    fresh.map(({ delivery }) => delivery.packetId || 1),
    fresh.map((row) => row.untimed?.contentHash),
  ]);
  const mine = new Set(claimed.map((row) => `${row.device_id} ${row.message_id}`));
  for (const row of fresh) {
    // Taken by the first of equal rows: a redelivery and a new reading of one bucket can meet here.
    if (!mine.delete(`${row.route.deviceId} ${row.messageId}`)) known.add(row);
  }
  return known;
}
