// Asks archived readings, with DuckDB on this machine.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Store } from '../store.ts';
import { type Archived, fetchInto } from './objects.ts';
import { quote, tableOf, withDuck } from './parquet.ts';

/** Megabytes. */
const QUERY_MB = 512;

/**
 * Runs `sql` on the view `readings` of these objects. Those of a folder are read where they are; others are fetched first.
 * @throws Error of DuckDB, when the statement is wrong or an object is damaged.
 */
export async function queryArchive(
  store: Store,
  objects: readonly Archived[],
  sql: string,
  format: 'csv' | 'json',
  output: Writable,
  log: (line: string) => void,
): Promise<void> {
  await withDuck(async (duck, folder) => {
    const files: string[] = [];
    for (const [place, { name }] of objects.entries()) {
      if (!store.folder) log(`fetching ${place + 1} of ${objects.length}: ${name}`);
      files.push(
        store.folder ? join(store.folder, name) : await fetchInto(join(folder, `${place}.parquet`), store, name),
      );
    }
    await duck.run(`
      create view readings as select * replace (payload::json as payload)
      from ${tableOf(...files)}`);
    const answer = join(folder, 'answer');
    await duck.run(`copy (${sql.replace(/;\s*$/, '')}) to ${quote(answer)} (format ${format})`);
    await pipeline(createReadStream(answer), output, { end: false });
  }, QUERY_MB);
}
