// Brings archived readings back into the database, for some days. The archive keeps them.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type DatabaseAccess, inTransaction, withConnection } from '../../provisioning/database/connect.ts';
import type { Store } from '../store.ts';
import { type Archived, fetchInto, newFile } from './objects.ts';
import { type Duck, factsOf, quote, tableOf, withDuck } from './parquet.ts';

/**
 * Restores these objects: each in a transaction, which compares what came with what was archived.
 * @param database as an administrator. @param days for how long they stay.
 * @returns number of rows. @throws Error when an object is damaged: those before it are restored.
 */
export function restoreDays(
  database: DatabaseAccess,
  store: Store,
  objects: readonly Archived[],
  days: number,
  log: (line: string) => void,
): Promise<bigint> {
  return withDuck((duck, folder) =>
    withConnection(database, async (client) => {
      let rows = 0n;
      await client.query("set timezone = 'UTC'");
      for (const day of new Set(objects.map((object) => object.day)))
        await client.query('select ingest.reopen_day($1, $2)', [day, days]);
      for (const [place, object] of objects.entries()) {
        log(`${place + 1} of ${objects.length}: ${object.name}`);
        await restoreObject(client, duck, await fetchInto(newFile(folder), store, object.name), object);
        rows += object.rows;
      }
      return rows;
    }),
  );
}

/** A time from microseconds since 1970, exactly. */
const timeOf = (micros: string) =>
  `timestamptz 'epoch' + (${micros} / 86400000000) * interval '1 day' + (${micros} % 86400000000) * interval '1 microsecond'`;

async function restoreObject(client: Client, duck: Duck, file: string, object: Archived): Promise<void> {
  const { name, tenant, day, rows, checksum } = object;
  const facts = await factsOf(duck, file);
  if (facts.rows !== rows || facts.checksum !== checksum)
    throw new Error(
      `${name} is not what was archived: it has ${facts.rows} rows of ${rows}, or others; nothing of it was restored`,
    );
  const csv = `${file}.csv`;
  await duck.run(`
    copy (select device_id, epoch_us(ts), message_id, epoch_us(received_at), payload from ${tableOf(file)})
    to ${quote(csv)} (format csv, header false, force_quote *)`);
  await inTransaction(client, async () => {
    await client.query(`
      create temp table arriving (device_id uuid, ts bigint, message_id text, received_at bigint, payload jsonb) on commit drop;
      create temp table arrived (like public.telemetry) on commit drop`);
    const into = client.query(copyFrom('copy arriving from stdin (format csv)'));
    await pipeline(createReadStream(csv), into);
    await client.query(
      `insert into arrived (tenant_id, device_id, ts, message_id, received_at, payload)
       select $1, device_id, ${timeOf('ts')}, message_id, ${timeOf('received_at')}, payload from arriving`,
      [tenant],
    );
    const found = await client.query<{ rows: string; checksum: string }>(
      "select * from ingest.archive_facts('arrived'::regclass, $1, $2)",
      [tenant, day],
    );
    if (found.rows[0]!.rows !== String(rows) || found.rows[0]!.checksum !== checksum)
      throw new Error(`what came into the database from ${name} is not what was archived; nothing of it was restored`);
    await client.query('insert into public.telemetry select * from arrived on conflict do nothing');
    // Its rows are in the database again: when they leave, the object that is written then takes the place of this one.
    await client.query(
      `update ingest.archive_objects set released_at = null,
         source = case when to_regclass(format('ingest.telemetry_%s', to_char(day, 'YYYYMMDD'))) is null
           then 'retired_rows' else 'retired_' || to_char(day, 'YYYYMMDD') end
       where name = $1`,
      [name],
    );
  });
  for (const each of [csv, file]) await rm(each);
}
