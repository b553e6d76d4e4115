// Objects of the archive: as the database knows them, stored so that they were read back, and fetched.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import type { Store } from '../store.ts';
import { type Duck, type Facts, factsOf } from './parquet.ts';

/** What a run works with. */
export interface Run {
  client: Client;
  store: Store;
  duck: Duck;
  /** Only this user can read it; it goes with the run. */
  folder: string;
  log(line: string): void;
}

/** An object of `ingest.archive_objects`. */
export interface Archived extends Facts {
  name: string;
  tenant: string;
  /** The tenant's short name; null: it was deleted. */
  slug: string | null;
  day: string;
  /** Table of the schema `ingest` that has, or had, its rows. */
  source: string;
  /** Whether its rows have left the database. */
  released: boolean;
  bytes: number;
}

/** Objects in force. @param condition on the object `o`, with `values` as its parameters. */
export async function archivedObjects(client: Client, condition = 'true', values: unknown[] = []): Promise<Archived[]> {
  const { rows } = await client.query<Record<string, string | boolean>>(
    `select o.name, o.tenant_id as tenant, o.slug, o.day::text, o.source, o.released, o.rows::text, o.checksum, o.bytes::text
     from ingest.archived_objects() as o where not o.superseded and (${condition}) order by o.name`,
    values,
  );
  return rows.map((row) => {
    return { ...row, rows: BigInt(row.rows as string), bytes: Number(row.bytes) } as unknown as Archived;
  });
}

/** Names of objects whose rows are in another one. */
export async function supersededObjects(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select o.name from ingest.archived_objects() as o where o.superseded order by o.name',
  );
  return rows.map(({ name }) => name);
}

/**
 * Stores a file and reads it back. An object of that name, left by a run that was killed, counts if it is whole.
 * @returns false when it was there. @throws Error when what was read back is not what was written; it is removed then.
 */
export async function storeVerified(run: Run, name: string, file: string, facts: Facts): Promise<boolean> {
  const { store } = run;
  if ((await store.list(name.slice(0, name.lastIndexOf('/') + 1))).some((object) => object.name === name)) {
    if (await holds(run, name, facts)) return false;
    await store.remove(name);
  }
  await store.put(name, createReadStream(file));
  if (!(await holds(run, name, facts, await digestOf(file)))) {
    await store.remove(name);
    throw new Error(`${name} was read back from ${store.where} and is not what was written; nothing was dropped`);
  }
  return true;
}

/**
 * Removes an object from the store, then from what the database knows.
 * @throws Error when the store keeps it: what was to be deleted is still there.
 */
export async function removeObject({ client, store }: Run, name: string): Promise<void> {
  if (!(await store.remove(name)))
    throw new Error(`${store.where} keeps ${name}: end the container's immutability policy, and run this again`);
  await client.query('select ingest.forget_object($1)', [name]);
}

/** Writes what the store has under the name into a file of this machine. @returns the file. */
export async function fetchInto(file: string, store: Store, name: string): Promise<string> {
  await pipeline(await store.get(name), createWriteStream(file, { mode: 0o600 }));
  return file;
}

/** Never the same one: nothing that is remembered of a file can be taken for another's. */
export const newFile = (folder: string) => join(folder, `${randomUUID()}.parquet`);

/** The caller removes it. */
export const fetchObject = ({ store, folder }: Run, name: string): Promise<string> =>
  fetchInto(newFile(folder), store, name);

/** Whether the object, as it is stored, can be read to its end and has these contents; and these bytes, if they are known. */
async function holds(run: Run, name: string, facts: Facts, sha256?: string): Promise<boolean> {
  const file = await fetchObject(run, name);
  try {
    if (sha256 !== undefined && (await digestOf(file)) !== sha256) return false;
    const found = await factsOf(run.duck, file);
    return found.rows === facts.rows && found.checksum === facts.checksum;
  } catch (error) {
    run.log(`${name} cannot be read: ${(error as Error).message}`);
    return false;
  } finally {
    await rm(file);
  }
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(file), digest);
  return digest.digest('hex');
}

/** Source undefined: its rows are not in the database. */
export const note = (
  client: Client,
  {
    name,
    tenant,
    day,
    source,
    rows,
    checksum,
    bytes,
  }: Omit<Archived, 'source' | 'slug' | 'released'> & { source?: string },
) =>
  client.query('select ingest.record_archived($1, $2, $3, $4, $5, $6, $7)', [
    name,
    tenant,
    day,
    source,
    rows,
    checksum,
    bytes,
  ]);
