// Functions whose text names a moved table. Postgres resolves the names at each call, so they would find the platform's tables. So
// `public.tenants` is rewritten, and a function with a bare `tenants` gets a search_path that begins with the other schema.
import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';

/** A function that was changed, for the way back. */
export interface ChangedBody {
  /** With its schema and arguments, before. */
  name: string;
  /** CREATE OR REPLACE FUNCTION as it was. */
  before: string;
  /** The text that it was given. If it differs on the way back, somebody else has changed it since. */
  text: string;
}

interface Found {
  oid: string;
  name: string;
  definition: string;
  text: string;
  path: string | null;
  mine: boolean;
}

/** Functions that name one of these; not those of the schemas `except`. */
async function findBodies(client: ClientBase, names: string[], except: string[]): Promise<Found[]> {
  const word = names.map((name) => name.replace(/[^\w]/g, '\\$&')).join('|');
  const { rows } = await client.query<Found>(
    `select p.oid::int8 as oid, o.identity as name, pg_get_functiondef(p.oid) as definition, p.prosrc as text,
       (select substr(c, length('search_path=') + 1) from unnest(p.proconfig) as c where starts_with(c, 'search_path=')) as path,
       pg_has_role(p.proowner, 'USAGE') as mine
     from pg_proc as p join pg_language as l on l.oid = p.prolang, pg_identify_object('pg_proc'::regclass, p.oid, 0) as o
     where l.lanname in ('sql', 'plpgsql') and p.prosqlbody is null and p.prokind in ('f', 'p')
       and p.pronamespace::regnamespace::text <> all ($2::text[]) and p.prosrc ~ $1
       and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     order by o.identity`,
    [`(^|[^[:alnum:]_$])(${word})($|[^[:alnum:]_$])`, ['pg_catalog', 'information_schema', ...except]],
  );
  return rows;
}

/**
 * Call it before anything is moved; what it returns changes the functions, once it is.
 * @param names what is moved, without the schema. @param schema where to.
 */
export async function prepareBodies(
  client: ClientBase,
  names: string[],
  schema: string,
  except: string[],
): Promise<{ change(): Promise<ChangedBody[]>; left: string[] }> {
  const found = names.length > 0 ? await findBodies(client, names, except) : [];
  const change = async () => {
    const changed: ChangedBody[] = [];
    for (const { oid, name, definition, text, path } of found.filter(({ mine }) => mine)) {
      const { rows } = await client.query<{ definition: string; name: string }>(
        `select pg_get_functiondef($1::oid) as definition, o.identity as name
         from pg_identify_object('pg_proc'::regclass, $1::oid, 0) as o`,
        [oid],
      );
      const renamed = rename(text, names, schema);
      const { definition: now = '', name: place = name } = rows[0] ?? {};
      const at = now.lastIndexOf(text);
      await client.query(now.slice(0, at) + renamed.text + now.slice(at + text.length));
      if (renamed.bare && path !== '""') {
        const rest = path ?? '"$user", public, extensions';
        await client.query(`alter routine ${place} set search_path = ${escapeIdentifier(schema)}, ${rest}`);
      }
      changed.push({ name, before: definition, text: renamed.text });
    }
    return changed;
  };
  return { change, left: found.filter(({ mine }) => !mine).map(({ name }) => name) };
}

/** `public.NAME` is in the other schema now; `bare` when a name stands alone, too. */
export function rename(text: string, names: string[], schema: string): { text: string; bare: boolean } {
  const word = names.map((name) => name.replace(/[^\w]/g, '\\$&')).join('|');
  const named = new RegExp(`(?<![\\w$.])(?:public|"public")\\s*\\.\\s*("?)(${word})\\1(?![\\w$])`, 'g');
  const renamed = text.replace(
    named,
    (_, quote: string, name: string) => `${escapeIdentifier(schema)}.${quote}${name}${quote}`,
  );
  const bare = new RegExp(`(?<![\\w$.])"?(${word})"?(?![\\w$])`).test(text.replace(named, ''));
  return { text: renamed, bare };
}

/** Makes the functions what they were. @returns those that somebody else has changed or dropped since: they stay as they are. */
export async function restoreBodies(client: ClientBase, changed: ChangedBody[]): Promise<string[]> {
  const left: string[] = [];
  for (const { name, before, text } of changed) {
    const { rows } = await client.query<{ text: string }>(
      `select prosrc as text from pg_proc where oid = to_regprocedure(${escapeLiteral(name)})`,
    );
    if (rows[0]?.text === text) await client.query(before);
    else left.push(name);
  }
  return left;
}
