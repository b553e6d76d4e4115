// The ledger: what became of every reading, by tenant and minute, in the transaction that made it so.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { type Tallies, type Tally, tallyOf } from './accounting.ts';
import type { Batch } from './batch.ts';

/** Stands for no known tenant. */
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** Adds a batch to the minute in which its first message came. @throws database errors. */
export async function addToLedger(client: Client, { received, startedAt }: Batch, tallies: Tallies): Promise<void> {
  const tenants = [...received];
  const column = (member: keyof Tally) => tenants.map(([tenant]) => tallyOf(tallies, tenant)[member]);
  await client.query(
    `select ingest.add_to_ledger(
       $1::timestamptz, $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])`,
    [
      formatTimestamp(startedAt * 1000),
      tenants.map(([, { tenantId }]) => tenantId ?? NIL_UUID),
      column('received'),
      column('stored'),
      column('duplicate'),
      column('rejected'),
      column('overQuota'),
    ],
  );
}
