// The statements that the old ingest is seen to run: the last one of each of its connections, and those that pg_stat_statements has kept.
// Whether they name the schema decides whether the ingest can follow its table.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, escapeIdentifier } from 'pg';

/** What was seen. */
export interface Seen {
  /** Statements that write or make something, and name the schema public in full. */
  full: string[];
  /** Queries that name the schema public in full: they fail once the table has moved. By the table's name, one each. */
  reads: Map<string, string>;
  /** Whether one inserts into a table without naming its schema. */
  inserts: boolean;
  /** Tables that it makes where they do not exist: they must be where it looks first. */
  makes: string[];
}

const NAME = '"?([A-Za-z_][\\w$]*)(?!["\\w$]*\\s*\\.)';
/** COPY, unless it reads, as a backup does. */
const COPY = "copy\\s+(?=[\\s\\S]*\\bfrom\\s+(?:stdin|program|'))";
/** What an ingest runs for a message. People run ALTER and SELECT too, so those do not count. */
const WRITES = new RegExp(
  `\\b(?:insert\\s+into\\s|${COPY}|update\\s|delete\\s+from\\s|merge\\s+into\\s|create\\s+table\\s+if\\s+not\\s+exists\\s)`,
  'i',
);
const READS = /^\s*(?:select|with)\b/i;
const FULL = new RegExp(`(?<![\\w$.])"?public"?\\s*\\.\\s*${NAME}`, 'gi');
const INSERTS = new RegExp(`\\b(?:insert\\s+into\\s+|${COPY})${NAME}`, 'i');
const MAKES = new RegExp(`\\bcreate\\s+table\\s+if\\s+not\\s+exists\\s+${NAME}`, 'gi');

/** @param names of the tables that are to be moved. */
export function readStatements(statements: string[], names: string[]): Seen {
  const isMoved = (name = '') => names.includes(name) || names.includes(name.toLowerCase());
  const namedInFull = (text: string) => [...text.matchAll(FULL)].map(([, name = '']) => name).filter(isMoved);
  const reads = statements.filter((text) => READS.test(text) && !WRITES.test(text));
  return {
    full: statements.filter((text) => WRITES.test(text) && namedInFull(text).length > 0),
    reads: new Map(reads.flatMap((text) => namedInFull(text).map((name): [string, string] => [name, text]))),
    inserts: statements.some((text) => isMoved(INSERTS.exec(text)?.[1])),
    // As it was written, and as Postgres reads what is not quoted.
    makes: [
      ...new Set(
        statements.flatMap((text) => [...text.matchAll(MAKES)].flatMap(([, name = '']) => [name, name.toLowerCase()])),
      ),
    ],
  };
}

/** Looks until an insert is seen, or the time is over. The server shows a role's statements to the role's members and to pg_monitor. */
export async function watchStatements(client: Client, role: string, names: string[], seconds: number): Promise<Seen> {
  const kept = await keptStatements(client, role);
  const running = new Set<string>();
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const { rows } = await client.query<{ query: string }>(
      `select distinct query from pg_stat_activity
       where usename = $1 and datname = current_database() and pid <> pg_backend_pid() and query <> ''`,
      [role],
    );
    for (const { query } of rows) running.add(query);
    const seen = readStatements([...kept, ...running], names);
    if (seen.full.length > 0 || seen.inserts || Date.now() > until) return seen;
    await sleep(200);
  }
}

/** Other roles that are seen writing there: they would not follow. The platform's own does not count. */
export async function otherWriters(client: Client, role: string, names: string[]): Promise<string[]> {
  const { rows } = await client.query<{ role: string; query: string }>(
    `select usename as role, query from pg_stat_activity
     where usename not in ($1, 'mqtt_ingest') and datname = current_database() and pid <> pg_backend_pid()`,
    [role],
  );
  const writes = ({ query }: { query: string }) => {
    const { full, inserts } = readStatements([query], names);
    return inserts || full.length > 0;
  };
  return [...new Set(rows.filter(writes).map((row) => row.role))];
}

/** Supabase has the extension on; elsewhere it is often missing, or not loaded. */
async function keptStatements(client: Client, role: string): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `select quote_ident(n.nspname) as schema from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
     where e.extname = 'pg_stat_statements'`,
  );
  if (rows.length === 0) return [];
  try {
    const { rows: statements } = await client.query<{ query: string }>(
      `select query from ${rows[0]!.schema}.pg_stat_statements
       where userid = $1::regrole and dbid = (select oid from pg_database where datname = current_database())
         and query is not null`,
      [escapeIdentifier(role)],
    );
    return statements.map(({ query }) => query);
  } catch {
    return [];
  }
}
