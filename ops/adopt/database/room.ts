// What the report says of the database: what is in the way of the platform's tables, and the command that makes room.
import { LOGIN_ROLES } from '../../../provisioning/database/login.ts';
import { collisionsAmong, MADE } from '../../../provisioning/database/objects.ts';
import { at, items, textAt } from '../json.ts';
import { quote } from '../quote.ts';
import type { Recording } from '../recording.ts';

interface Named {
  kind: string;
  name: string;
}

/** A step of phase 0. */
export function howToMakeRoom({ database, databaseRoles }: Recording, stack: string): string {
  const command = (role: string) => `\`npm run ops -- adopt table-aside --role ${quote(role)} --target ${stack}\``;
  // Supabase's pooler takes the project behind a dot: twenty letters.
  const writers = items(at(database, 'writers')).map(String);
  const roles = [...new Set([...databaseRoles.map((role) => decoded(role).replace(/\.[a-z]{20}$/, '')), ...writers])];
  const own = roles.filter((role) => LOGIN_ROLES.some((known) => known === role));
  if (own.length > 0) {
    return `${own.join(', ')} is a name of the platform’s own, which sets its password: have the old ingest sign in as another role, then record again.`;
  }
  const role = roles.length === 1 ? roles[0]! : 'ROLE';
  const who =
    roles.length === 1
      ? ''
      : ` (ROLE: the old ingest’s database user${roles.length > 1 ? `, one of ${roles.join(', ')}` : ''})`;
  if (database === undefined) return `${command(role)}${who} makes room.`;
  const objects = items(at(database, 'objects')).map((object) => ({
    key: textAt(object, 'key'),
    kind: textAt(object, 'kind'),
    name: textAt(object, 'name'),
  }));
  const found = collisionsAmong(objects, new Set(Object.values(MADE).flat()));
  const schemas = found.filter(({ kind }) => kind === 'schema').map(({ name }) => name);
  const names = found
    .filter((object) => object.kind !== 'schema' && !isPartOf(object, found))
    .map(({ name }) => name.replace('public.', ''));
  if (found.length === 0) return 'Nothing is in the way of the platform’s tables.';
  const first = schemas.length > 0 ? `Rename the schemas ${schemas.join(', ')}, and whatever names them. ` : '';
  if (names.length === 0) return first.trim();
  return `${first}${command(role)}${who} moves ${names.join(', ')}.`;
}

/** Decoded, if it was written as in a URL. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Indexes and sequences go with their table, whose name theirs begin with. */
const isPartOf = ({ kind, name }: Named, found: Named[]) =>
  ['index', 'sequence'].includes(kind) &&
  found.some((each) => each.kind === 'table' && name.startsWith(`${each.name}_`));
