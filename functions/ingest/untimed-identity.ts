// Messages without a timestamp of their own. Their row's time is the time of receipt, so the table's key would not
// recognise a repeat; ingest.untimed does.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { isFoundByPacket, type Row } from './row.ts';

// A redelivery carries its original packet identifier (MQTT 5.0, 4.4), and an identifier is free for another message only
// after its acknowledgement, which follows the commit. So when the last use on record of a DUP packet's identifier had
// the same content, it is the recorded message, even when its time of receipt now falls into another bucket. One packet
// may have brought an array of readings, some of them rows and some repeats: all have one time of receipt.
const FIND_PACKETS = `
  select packet_id, content_hash from (
    select packet_id, content_hash, received_at, max(received_at) over (partition by packet_id) as last_used
    from (
      select packet_id, content_hash, received_at from ingest.untimed where session = $1 and packet_id = any ($2::int[])
      union all
      select packet_id, content_hash, received_at from ingest.untimed_repeats
      where session = $1 and packet_id = any ($2::int[])
    ) as use
  ) as use
  where received_at = last_used`;

const CLAIM = `
  insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash, received_at)
  select * from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::text[], $4::timestamptz[])
  on conflict do nothing
  returning device_id, message_id`;

const KEEP_REPEATS = `
  insert into ingest.untimed_repeats (session, packet_id, content_hash, received_at)
  select $1, packet_id, content_hash, max(received_at)
  from unnest($2::int[], $3::text[], $4::timestamptz[]) as repeat (packet_id, content_hash, received_at)
  group by packet_id, content_hash
  on conflict (session, packet_id, content_hash) do update set received_at = excluded.received_at`;

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
    fresh.map(({ delivery }) => (delivery.packetId === 0 ? '' : session)),
    fresh.map(({ delivery }) => delivery.packetId || 1),
    fresh.map((row) => row.untimed?.contentHash),
  ]);
  const mine = new Set(claimed.map((row) => `${row.device_id} ${row.message_id}`));
  const repeats: Row[] = [];
  for (const row of fresh) {
    // Taken by the first of equal rows: a redelivery and a new reading of one bucket can meet here.
    if (!mine.delete(`${row.route.deviceId} ${row.messageId}`)) repeats.push(row);
  }
  await rememberRepeats(client, repeats, session);
  for (const row of repeats) known.add(row);
  return known;
}

async function findRedelivered(client: Client, untimed: readonly Row[], session: string): Promise<Set<Row>> {
  const redelivered = untimed.filter(isFoundByPacket);
  if (redelivered.length === 0) return new Set();
  const { rows } = await client.query<{ packet_id: number; content_hash: string }>(FIND_PACKETS, [
    session,
    redelivered.map(({ delivery }) => delivery.packetId),
  ]);
  const packets = new Set(rows.map((row) => `${row.packet_id} ${row.content_hash}`));
  return new Set(redelivered.filter((row) => packets.has(`${row.delivery.packetId} ${row.untimed?.contentHash}`)));
}

/**
 * Records the packets of readings that equal one on record: the broker may send them again when that one's bucket is
 * over. @throws database errors.
 */
export async function rememberRepeats(client: Client, rows: readonly Row[], session: string): Promise<void> {
  const repeats = rows.filter(({ untimed, delivery }) => untimed?.byContent && delivery.packetId !== 0);
  if (repeats.length === 0) return;
  await client.query(KEEP_REPEATS, [
    session,
    repeats.map(({ delivery }) => delivery.packetId),
    repeats.map((row) => row.untimed?.contentHash),
    repeats.map(({ ts }) => formatTimestamp(ts)),
  ]);
}
