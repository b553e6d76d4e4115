// `ops db pack`: rebuilds the indexes of past days, also those that are too large for the job that does this; nobody waits for it.
import { Command } from 'commander';
import { withConnection } from '../provisioning/database/connect.ts';
import { megabytes } from './daily/judge.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** As `ingest.pack_telemetry` finds them, of any size. */
const DAYS = `
  select format('ingest.%I', k.relname) as key, p.relname as day, pg_relation_size(k.oid)::float8 as bytes
  from pg_inherits as i join pg_class as p on p.oid = i.inhrelid
  join pg_index as x on x.indrelid = p.oid and x.indisprimary join pg_class as k on k.oid = x.indexrelid
  where i.inhparent = 'public.telemetry'::regclass and p.relname ~ '^telemetry_[0-9]{8}$'
    and p.relname < to_char((now() - interval '1 day') at time zone 'UTC', '"telemetry_"YYYYMMDD')
    and k.reloptions is null and pg_relation_size(k.oid) >= 65536
  order by p.relname`;

/** Rebuilds them one by one. */
export const packCommand = () =>
  withTarget(new Command('pack'))
    .description("rebuild the indexes of past days that the platform's job leaves because of their size; nobody waits")
    .action(async (options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        await client.query("set lock_timeout = '10s'");
        const { rows } = await client.query<{ key: string; day: string; bytes: number }>(DAYS);
        for (const { key, day, bytes } of rows) {
          await client.query(`alter index ${key} set (fillfactor = 100)`);
          try {
            await client.query(`reindex index concurrently ${key}`);
          } catch (error) {
            await client.query(`alter index ${key} reset (fillfactor)`);
            throw new Error(`${day} could not be rebuilt, run the command again: ${(error as Error).message}`);
          }
          const after = await client.query<{ bytes: number }>(
            'select pg_relation_size($1::regclass)::float8 as bytes',
            [key],
          );
          console.log(`${day}: the index had ${megabytes(bytes)}, now ${megabytes(after.rows[0]!.bytes)}`);
        }
        if (rows.length === 0) console.log('the indexes of all past days are rebuilt');
      });
    });
