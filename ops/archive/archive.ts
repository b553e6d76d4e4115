// The archive: readings that retention took out of their tables are written to a store, read back, compared, and only then dropped.
import { rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { type DatabaseAccess, inTransaction, withConnection } from '../../provisioning/database/connect.ts';
import type { Store } from '../store.ts';
import { dayFolder, objectName } from './layout.ts';
import { makeLinks } from './links.ts';
import {
  archivedObjects,
  fetchObject,
  newFile,
  note,
  type Run,
  removeObject,
  storeVerified,
  supersededObjects,
} from './objects.ts';
import { COPY_COLUMNS, type Facts, factsOf, quote, tableOf, withDuck, writeParquet } from './parquet.ts';
import { carryOutRemovals } from './remove.ts';

/** Nothing is to be archived: the default. */
export class ArchiveOff extends Error {
  override name = 'ArchiveOff';

  constructor() {
    super('the archive is off, so readings are removed without it: npm run ops -- retention --archive on');
  }
}

/** What a run did. */
export interface Ran {
  /** Readings and bytes that were stored. */
  rows: bigint;
  bytes: number;
  /** Each in a sentence; empty: all that waited is archived. */
  problems: string[];
}

/** A tenant's readings of a day that wait in a table of the schema `ingest`. */
interface Waiting {
  source: string;
  /** Null: the day had no readings. */
  tenant: string | null;
  day: string;
}

/**
 * Archives all that waits. What fails stays in the database, is told, and stops nothing else.
 * @param database as `archive_writer`, in a session: not through a pooler's port for transactions.
 * @throws Error when the archive is switched off and nothing is to be removed or linked, another run is under way, or the database cannot be reached.
 */
export async function runArchive(database: DatabaseAccess, store: Store, log: (line: string) => void): Promise<Ran> {
  const startedAt = new Date();
  const ran: Ran = { rows: 0n, bytes: 0, problems: [] };
  await withConnection(database, async (client) => {
    const isOn = await begin(client);
    await withDuck(async (duck, folder) => {
      const run: Run = { client, store, duck, folder, log };
      await attempt(ran, 'what is to be removed', () => carryOutRemovals(run));
      if (isOn)
        for (const [source, group] of await waitingBySource(client)) await archiveSource(run, ran, source, group);
      await attempt(ran, 'superseded objects', () => removeSuperseded(run));
      await attempt(ran, 'links', () => makeLinks(run));
      const problem = ran.problems.length === 0 ? undefined : `${ran.problems.length} problem(s): ${ran.problems[0]}`;
      const values = [startedAt, ran.rows, ran.bytes, problem];
      await client.query('select ingest.record_archive_run($1, $2, $3, $4)', values);
    });
  });
  return ran;
}

/** @returns whether the archive is on. If it is off, what was deleted must still leave it, and what it has can be asked for. */
async function begin(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ on: boolean; asked: boolean; alone: boolean }>(
    `select ingest.archive_is_on() as on,
       exists (select from ingest.open_removals()) or exists (select from ingest.asked_objects()) as asked,
       pg_try_advisory_lock(hashtext('ingest.archive')) as alone`,
  );
  const { on, asked, alone } = rows[0]!;
  if (!on && !asked) throw new ArchiveOff();
  if (!alone) throw new Error('another run of the archive is under way: wait for its end');
  await client.query("set timezone = 'UTC'");
  return on;
}

/** @returns whether it went well. A connection that is gone ends the run. */
async function attempt(ran: Ran, what: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    ran.problems.push(`${what}: ${(error as Error).message}`);
    return false;
  }
}

async function waitingBySource(client: Client): Promise<Map<string, Waiting[]>> {
  const { rows } = await client.query<Waiting>(
    'select source, tenant_id as tenant, day::text from ingest.archive_pending()',
  );
  return Map.groupBy(rows, ({ source }) => source);
}

/** A day's table is dropped when all in it is archived, or fails for days; other rows leave a tenant and day at a time. */
async function archiveSource(run: Run, ran: Ran, source: string, group: readonly Waiting[]): Promise<void> {
  const isDay = source !== 'retired_rows';
  const failed: string[] = [];
  for (const [place, { tenant, day }] of group.entries()) {
    if (tenant === null) continue;
    run.log(`${source}: ${place + 1} of ${group.length}, tenant ${tenant}, day ${day}`);
    const ok = await attempt(ran, `tenant ${tenant}, day ${day}`, async () => {
      const stored = await archive(run, source, tenant, day);
      ran.rows += stored?.rows ?? 0n;
      ran.bytes += stored?.bytes ?? 0;
      if (!isDay) await run.client.query('select ingest.release_rows($1, $2)', [tenant, day]);
    });
    if (!ok) failed.push(tenant);
  }
  const day = group[0]?.day;
  if (isDay)
    await attempt(ran, `day ${day}`, () => run.client.query('select ingest.release_day($1, $2)', [day, failed]));
}

/** Stores a tenant's readings of a day, and reads them back. @returns what was stored; undefined when it was there already, and whole. */
async function archive(
  run: Run,
  source: string,
  tenant: string,
  day: string,
): Promise<(Facts & { bytes: number }) | undefined> {
  const { client, store, duck, folder } = run;
  const parquet = newFile(folder);
  const facts = await inTransaction(client, async () => {
    await client.query('set transaction isolation level repeatable read, read only');
    const found = await readFacts(client, source, tenant, day);
    if (found.rows > 0n) await writeParquet(duck, copyOut(client, source, tenant, day), parquet, tenant);
    return found;
  });
  if (facts.rows === 0n) return undefined;
  const name = objectName(tenant, day, facts.checksum);
  const known = await archivedObjects(client, 'o.tenant_id = $1 and o.day = $2', [tenant, day]);
  const inFolder = (await store.list(dayFolder(tenant, day))).map((object) => object.name);
  const { size: bytes } = await stat(parquet);
  const isNew = await storeVerified(run, name, parquet, facts);
  await note(client, { name, tenant, day, source, bytes, ...facts });
  const strays = inFolder.filter((each) => each !== name && !known.some((object) => object.name === each));
  for (const stray of strays) await settleStray(run, stray, { tenant, day }, parquet);
  await rm(parquet);
  return isNew ? { bytes, ...facts } : undefined;
}

async function readFacts(client: Client, source: string, tenant: string, day: string): Promise<Facts> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    'select * from ingest.retired_facts($1, $2, $3)',
    [source, tenant, day],
  );
  return { rows: BigInt(rows[0]!.rows), checksum: rows[0]!.checksum };
}

/** In the order of the key: that compresses best, and DuckDB skips other devices. */
function copyOut(client: Client, source: string, tenant: string, day: string): Readable {
  const rows =
    source === 'retired_rows'
      ? `ingest.retired_readings(${quote(tenant)}, ${quote(day)})`
      : `ingest.${source} where tenant_id = ${quote(tenant)} order by tenant_id, device_id, ts, message_id`;
  return client.query(copyTo(`copy (select ${COPY_COLUMNS} from ${rows}) to stdout (format csv, force_quote *)`));
}

/**
 * An object that the database does not know: of a run that was killed, or of a time after the backup from which this database came.
 * One that only has rows of `parquet`, or none, goes; another one is noted.
 */
async function settleStray(
  run: Run,
  name: string,
  { tenant, day }: { tenant: string; day: string },
  parquet: string,
): Promise<void> {
  const { client, store, duck } = run;
  const file = await fetchObject(run, name);
  const facts = await factsOf(duck, file).catch(() => undefined);
  const others =
    facts &&
    (
      await duck.rows(
        `select count(*) as n from (select * from ${tableOf(file)} except select * from ${tableOf(parquet)})`,
      )
    )[0]!.n;
  if (facts === undefined || others === 0n) {
    run.log(`removing ${name}: ${facts ? 'another object has its rows' : 'it is not whole'}`);
    await store.remove(name);
  } else {
    await note(client, { name, tenant, day, bytes: (await stat(file)).size, ...facts });
  }
  await rm(file);
}

async function removeSuperseded(run: Run): Promise<void> {
  for (const name of await supersededObjects(run.client)) await removeObject(run, name);
}
