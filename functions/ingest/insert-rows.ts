// The careful way into public.telemetry: an INSERT that skips what is there already.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { Row } from './row.ts';

// Without a conflict target no SELECT right is needed: the role may only insert.
const INSERT = `
  insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
  select tenant_id, device_id, ts, message_id, received_at, payload::jsonb
  from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::text[])
    as row (tenant_id, device_id, ts, message_id, received_at, payload)
  on conflict do nothing`;

/** Inserts rows and returns how many were new. @throws database errors. */
export async function insertRows(client: Client, rows: readonly Row[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(INSERT, [
    rows.map(({ route }) => route.tenantId),
    rows.map(({ route }) => route.deviceId),
    rows.map(({ ts }) => formatTimestamp(ts)),
    rows.map(({ messageId }) => messageId),
    rows.map(({ delivery }) => formatTimestamp(delivery.receivedAt * 1000)),
    rows.map(({ payload }) => payload.toString('utf8')),
  ]);
  return rowCount ?? 0;
}
