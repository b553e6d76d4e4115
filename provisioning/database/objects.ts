// The names that the migrations take, and what a database has under them already.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientBase } from 'pg';

/** One object of a database. */
export interface ExistingObject {
  /** The name that it takes, with the kind that shares such names: `relation public.tenants`, `schema ingest`. */
  key: string;
  /** What it is, as Postgres calls it: `table`, `view`, `index`. */
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

/** For each migration's version the keys of what it makes. objects.test.ts writes the file, and holds it to the migrations. */
export const MADE: Record<string, string[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'objects.json'), 'utf8'),
);

/** The migrations use a role that exists already, however it was made: all databases of a server share it. */
const isShared = (key: string) => key.startsWith('role ');

/** Everything that takes a name. */
export async function listObjects(client: ClientBase): Promise<ExistingObject[]> {
  const { rows } = await client.query<ExistingObject>(OBJECTS_SQL);
  return rows;
}

/** What stands where these migrations would make something. Call it in a transaction with an empty search_path. */
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
