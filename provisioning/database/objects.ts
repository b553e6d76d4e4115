// The names that the migrations use, and the existing objects with these names in a database.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientBase } from 'pg';

/** One object of a database. */
export interface ExistingObject {
  /** Its name, with the kind that shares such names: `relation public.tenants`, `schema ingest`. */
  key: string;
  /** Its kind in Postgres: `table`, `view`, `index`. */
  kind: string;
  /** Its name with its schema. */
  name: string;
  classid: string;
  objid: string;
  owner: string | null;
  /** The extension that it belongs to. */
  extension: string | null;
}

/** Run it with an empty search_path, so that types are written in full. */
const OBJECTS_SQL = readFileSync(join(import.meta.dirname, 'objects.sql'), 'utf8');

/** The keys of the objects that each migration makes, by version. objects.test.ts writes the file, and compares it with the migrations. */
export const MADE: Record<string, string[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'objects.json'), 'utf8'),
);

/** The migrations use a role that exists already, however it was made: all databases of a server share it. */
const isShared = (key: string) => key.startsWith('role ');

/** Everything that has a name. */
export async function listObjects(client: ClientBase): Promise<ExistingObject[]> {
  const { rows } = await client.query<ExistingObject>(OBJECTS_SQL);
  return rows;
}

/** Existing objects with names that these migrations use. Call it in a transaction with an empty search_path. */
export async function findCollisions(client: ClientBase, versions: string[]): Promise<ExistingObject[]> {
  const wanted = new Set(versions.flatMap((version) => MADE[version] ?? []));
  return collisionsAmong(await listObjects(client), wanted);
}

/** Each object once, although a table takes two names. */
export function collisionsAmong<T extends Pick<ExistingObject, 'key' | 'kind' | 'name'>>(
  objects: T[],
  wanted: Set<string>,
): T[] {
  const found = objects.filter(({ key }) => wanted.has(key) && !isShared(key));
  return [...new Map(found.map((object) => [`${object.kind} ${object.name}`, object])).values()];
}
