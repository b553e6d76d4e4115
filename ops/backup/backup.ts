// Makes a backup, and reads one back. The dump is streamed: neither the memory nor the disk of this machine ever holds it whole.
import { createHash } from 'node:crypto';
import { pipeline as pipelineTo, Readable, Transform } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { HEALTH_LIMITS } from '../../domain/health-limits.ts';
import { type DatabaseAccess, withConnection } from '../../provisioning/database/connect.ts';
import type { Store } from '../store.ts';
import { EMPTY_TABLES, type Facts, FOREIGN_SCHEMAS, readFacts, readSequences } from './facts.ts';
import { backupsAmong, dumpOf, factsOf, type Listed, nameAt, toRemove } from './kept.ts';
import { findClient, isClosedPipe, start } from './postgres-client.ts';
import { open, seal } from './seal.ts';

/** Where backups lie, and what opens them. */
export interface Vault {
  store: Store;
  /** `AGE-SECRET-KEY-1…`. */
  key: string;
}

/** What is stored beside a dump, encrypted like it. */
export interface StoredFacts extends Facts {
  startedAt: string;
  /** Of the dump as it is stored. */
  bytes: number;
  /** Of the dump as pg_dump wrote it, in hexadecimal. */
  sha256: string;
  /** Of the program that made it: none older can read it. */
  clientMajor: number;
}

const STORED_FACTS = z.object({
  startedAt: z.iso.datetime(),
  bytes: z.number(),
  sha256: z.string(),
  clientMajor: z.number(),
  roles: z.array(
    z.object({ name: z.string(), inherit: z.boolean(), bypassrls: z.boolean(), memberOf: z.array(z.string()) }),
  ),
  catalogue: z.array(z.string()),
  tables: z.record(z.string(), z.object({ count: z.string(), checksum: z.string() })),
  sequences: z.record(z.string(), z.string()),
});

/** A dump waits no longer for a table's lock: behind it, ingest would wait, too. */
const LOCK_WAIT = '20s';

/** A finished backup. */
export interface Made {
  name: string;
  bytes: number;
  rows: bigint;
  /** Names of older ones that were removed. */
  removed: string[];
}

/**
 * Dumps the database, reads the dump back from the store, then stores its facts and removes old backups. The result is recorded in
 * the database.
 * @param database as the role `backup_reader`, past a pooler in transaction mode.
 * @param log called at each step.
 * @throws Error that says what failed; what was stored by then has no facts, and so is not a backup.
 */
export async function makeBackup(database: DatabaseAccess, vault: Vault, log: (line: string) => void): Promise<Made> {
  const startedAt = new Date();
  const name = nameAt(startedAt);
  try {
    const facts = await dump(database, vault, name, startedAt, log);
    log(`reading ${dumpOf(name)} back as it is stored`);
    await readBack(vault, name, facts);
    const text = Readable.from([Buffer.from(JSON.stringify(facts))], { objectMode: false });
    await vault.store.put(factsOf(name), await seal(text, vault.key));
    await readStoredFacts(vault, name);
    const removed = await removeOld(vault.store);
    const rows = rowsOf(facts);
    await record(database, { kind: 'backup', name, startedAt, bytes: facts.bytes, rows });
    return { name, bytes: facts.bytes, rows, removed };
  } catch (error) {
    const problem = (error as Error).message;
    await record(database, { kind: 'backup', name, startedAt, problem }).catch((also: Error) =>
      log(`the failure could not be recorded in the database either: ${also.message}`),
    );
    throw error;
  }
}

/** Facts and dump come from one snapshot, so that they agree whatever ingest writes meanwhile. */
function dump(database: DatabaseAccess, vault: Vault, name: string, startedAt: Date, log: (line: string) => void) {
  return withConnection(database, async (client): Promise<StoredFacts> => {
    await client.query('begin isolation level repeatable read, read only');
    const { rows } = await client.query<{ snapshot: string; major: number }>(
      "select pg_export_snapshot() as snapshot, current_setting('server_version_num')::int / 10000 as major",
    );
    const { snapshot, major } = rows[0]!;
    // No snapshot holds a sequence still: read before pg_dump reads them, they are never ahead of the dump.
    const sequences = await readSequences(client);
    const programs = await findClient(major);
    // First: with a wrong key, pg_dump would wait for a reader.
    const digest = createHash('sha256');
    const whole = watched((chunk) => digest.update(chunk));
    const sealed = await seal(whole, vault.key);
    log(`dumping with pg_dump ${programs.major}`);
    const args = ['--format=custom', '--compress=zstd:3', `--snapshot=${snapshot}`, `--lock-wait-timeout=${LOCK_WAIT}`];
    const { child, done } = start(
      programs,
      'pg_dump',
      [
        ...args,
        '--no-publications',
        '--no-subscriptions',
        '--exclude-extension=*',
        ...FOREIGN_SCHEMAS.map((schema) => `--exclude-schema=${schema}`),
        ...EMPTY_TABLES.map((table) => `--exclude-table-data=${table}`),
      ],
      database,
    );
    let bytes = 0;
    const counter = watched((chunk) => {
      bytes += chunk.length;
    });
    // What pg_dump says is told, and the object is given up, before its stream is taken for whole.
    const feeding = pipeline(child.stdout!, whole, { end: false }).then(async () => {
      await done.then(
        () => whole.end(),
        (error) => whole.destroy(error),
      );
    });
    feeding.catch(() => {});
    try {
      // Its errors reach the store through the counter.
      await vault.store.put(
        dumpOf(name),
        pipelineTo(sealed, counter, () => {}),
      );
    } catch (error) {
      const isDump = child.exitCode !== null && child.exitCode !== 0;
      child.kill();
      if (isDump) await done;
      throw error;
    }
    await done;
    const facts = await readFacts(client);
    await client.query('commit');
    const sha256 = digest.digest('hex');
    return { ...facts, sequences, startedAt: startedAt.toISOString(), bytes, sha256, clientMajor: programs.major };
  });
}

/** Passes everything on, and shows it to `see`. */
const watched = (see: (chunk: Buffer) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _, next) {
      see(chunk);
      next(null, chunk);
    },
  });

/**
 * Reads a dump from the store to its end: decrypted, compared with what pg_dump wrote, and every row of it unpacked.
 * @throws Error that says what is wrong with it.
 */
async function readBack(vault: Vault, name: string, { clientMajor, sha256 }: StoredFacts): Promise<void> {
  const { child, done } = start(await findClient(clientMajor), 'pg_restore', ['--file=/dev/null']);
  const opened = await open(await vault.store.get(dumpOf(name)), vault.key).catch((error) => {
    child.kill();
    throw new Error(`${name}: ${(error as Error).message}`);
  });
  const digest = createHash('sha256');
  const seen = watched((chunk) => digest.update(chunk));
  const [read, restored] = await Promise.allSettled([pipeline(opened, seen, child.stdin!), done]);
  if (read.status === 'rejected' && !isClosedPipe(read.reason))
    throw new Error(`${name} is damaged: ${(read.reason as Error).message}`);
  if (restored.status === 'rejected') throw new Error(`${name} is damaged: ${(restored.reason as Error).message}`);
  if (digest.digest('hex') !== sha256) throw new Error(`${name} is damaged: it is not what pg_dump wrote (SHA-256)`);
}

/** @throws Error when they are damaged. */
async function readStoredFacts(vault: Vault, name: string): Promise<StoredFacts> {
  try {
    return STORED_FACTS.parse(await json(await open(await vault.store.get(factsOf(name)), vault.key)));
  } catch (cause) {
    throw new Error(`the facts of ${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Reads a backup whole. @throws Error that says what is wrong with it. */
export async function verifyBackup(vault: Vault, { name, bytes }: Listed): Promise<StoredFacts> {
  const facts = await readStoredFacts(vault, name);
  if (facts.bytes !== bytes) throw new Error(`${name} has ${bytes} bytes, not the ${facts.bytes} that were stored`);
  await readBack(vault, name, facts);
  return facts;
}

/** Backups in the store, newest first. */
export const listBackups = async (store: Store): Promise<Listed[]> => backupsAmong(await store.list());

/**
 * The named backup, or the newest good one.
 * @throws Error if there is none, or the newest is overdue.
 */
export async function findBackup(store: Store, name: string | undefined, now = Date.now()): Promise<Listed> {
  const good = (await listBackups(store)).filter(({ isGood }) => isGood);
  const found = name === undefined ? good[0] : good.find((one) => one.name === name);
  if (!found)
    throw new Error(`there is no ${name ? `good backup ${name}` : 'good backup'} in ${store.where}: see "backup list"`);
  const hours = Math.round((now - found.at.getTime()) / 3_600_000);
  if (name === undefined && hours > HEALTH_LIMITS.backupHours)
    throw new Error(
      `the newest good backup is ${hours} hours old (${found.name}): the nightly run fails or does not run; to take it anyway, name it`,
    );
  return found;
}

async function removeOld(store: Store): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, objects } of toRemove(await listBackups(store))) {
    // The facts first: a dump without them is not a backup.
    const gone = [];
    for (const object of objects.toSorted().reverse()) gone.push(await store.remove(object));
    if (gone.every(Boolean)) removed.push(name);
  }
  return removed;
}

export const rowsOf = ({ tables }: Facts): bigint =>
  Object.values(tables).reduce((sum, { count }) => sum + BigInt(count), 0n);

/** A result for the database. */
export interface Outcome {
  kind: 'backup' | 'drill';
  name: string;
  startedAt: Date;
  bytes?: number;
  rows?: bigint;
  problem?: string;
}

/** Notes a result in the database. */
export const record = (
  database: DatabaseAccess,
  { kind, name, startedAt, bytes, rows, problem }: Outcome,
): Promise<void> =>
  withConnection(database, async (client) => {
    await client.query('begin read write');
    await client.query('select ingest.record_backup($1, $2, $3, $4, $5, $6)', [
      kind,
      name,
      startedAt,
      bytes,
      rows,
      problem,
    ]);
    await client.query('commit');
  });
