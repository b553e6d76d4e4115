// Moves the old tables aside if the old ingest will follow, and checks that it did. If it did not, everything is put back.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { LOGIN_ROLES } from '../../../provisioning/database/login.ts';
import { findInTheWay, type Moved, moveAside, moveBack, twinsOf } from './aside.ts';
import { type Ledger, readLedger, writeLedger } from './ledger.ts';
import { rootsOf } from './roots.ts';
import { chooseDestination, type Destination, setPath, staleConnections } from './search-path.ts';
import { otherWriters, watchStatements } from './statements.ts';

/** How it is done. */
export interface FollowOptions {
  /** Who the old ingest signs in as. */
  role: string;
  /** Further tables to move. */
  extra?: string[];
  /** The old ingest's SQL is known to name no schema. Default: its statements are watched. */
  unqualified?: boolean;
  /** End connections that are older than a search_path which had to change. Default: they are waited for. */
  recycle?: boolean;
  /** How long to look for a statement before, and for a reading after. Seconds. */
  seconds?: number;
  log?: (line: string) => void;
}

/** The old ingest runs for some seconds of each minute. */
const WATCH_SECONDS = 90;

/** What came of it. */
export interface Followed extends Moved {
  /** A reading has come into a moved table since. */
  arrives: boolean;
}

/** @throws Error when the old ingest would not follow, or did not: then everything is as it was. */
export async function moveAndFollow(client: Client, options: FollowOptions): Promise<Followed> {
  const { role, extra = [], unqualified = false, seconds = WATCH_SECONDS, log = () => {} } = options;
  assertForeign(role);
  await assertMember(client, role);
  const ledger = await readLedger(client);
  const destination =
    ledger?.state === 'prepared'
      ? { schema: ledger.schema, path: '', before: ledger.path?.before ?? null }
      : await chooseDestination(client, role);
  const names = (await rootsOf(client, await findInTheWay(client, extra))).map(({ local }) => local);
  const missing = extra.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`--with ${missing.join(' ')}: the schema public has no such table`);
  const makes = unqualified ? [] : await assertUnqualified(client, role, names, seconds, log);
  if (destination.path !== undefined) await preparePath(client, destination, options, ledger);
  const moved = await moveAside(client, role, destination, [...new Set([...extra, ...makes])]);
  log(`the old tables are in the schema ${moved.schema}; checking whether the old ingest has followed`);
  const arrives = await watchArrival(client, seconds);
  return { ...moved, arrives };
}

/** The first deployment gives such a role another password, which locks out programs that sign in as it. */
function assertForeign(role: string): void {
  if (!LOGIN_ROLES.some((known) => known === role)) return;
  throw new Error(
    `${role} is a name of the platform's own, which sets its password: have the old ingest sign in as another role, then begin again`,
  );
}

/** Only a member sees the role's statements, and can bring back the tables that it makes. */
async function assertMember(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ member: boolean; me: string; role: string }>(
    `select pg_has_role(oid, 'USAGE') as member, quote_ident(current_user) as me, quote_ident(rolname) as role from pg_roles where rolname = $1`,
    [role],
  );
  const [found] = rows;
  if (!found) {
    throw new Error(
      `there is no role "${role}": --role is who the old ingest signs in as (select rolname from pg_roles)`,
    );
  }
  if (!found.member) {
    throw new Error(
      `${found.me} is not a member of ${found.role}, so it can neither see the statements of ${found.role} nor bring back the tables that it makes: ` +
        `grant ${found.role} to ${found.me}; then begin again`,
    );
  }
}

/** @returns tables that the old ingest makes where they do not exist. */
async function assertUnqualified(
  client: Client,
  role: string,
  names: string[],
  seconds: number,
  log: (line: string) => void,
): Promise<string[]> {
  log(`watching the statements of ${role}, for ${seconds} s at most`);
  const seen = await watchStatements(client, role, names, seconds);
  const [example] = seen.full;
  if (example) {
    throw new Error(
      `${role} names the schema in full, so it cannot follow its tables: "${example.slice(0, 120)}". ` +
        'Write the name without "public." there, deploy that, and begin again. Nothing was changed. (If this was somebody else: --unqualified)',
    );
  }
  if (!seen.inserts) {
    throw new Error(
      `no statement of ${role} was seen that inserts into ${names.join(', ')}: does the old ingest run, and does it sign in as ${role}? ` +
        'If you know that its SQL names no schema: --unqualified. Nothing was changed',
    );
  }
  const others = await otherWriters(client, role, names);
  if (others.length > 0) {
    throw new Error(
      `${others.join(', ')} writes there too, and only ${role} would follow: have all old programs sign in as one role, then begin again. ` +
        '(If it may lose its tables: --unqualified.) Nothing was changed',
    );
  }
  for (const [table, text] of seen.reads) {
    log(
      `warning: ${role} also reads public.${table} by its full name: "${text.slice(0, 120)}". After the move that query fails, and after the first ` +
        `deployment it finds the platform's table. If the old ingest runs it: npm run ops -- adopt table-back, write ${table} without "public.", ` +
        'then begin again',
    );
  }
  return seen.makes;
}

/** Gives the role the path that it needs, and waits for connections that are older. Harmless by itself: there is no such schema yet. */
async function preparePath(
  client: Client,
  { schema, path, before }: Destination,
  { role, recycle = false }: FollowOptions,
  ledger: Ledger | undefined,
): Promise<void> {
  let changedAt = ledger?.state === 'prepared' ? ledger.path?.changedAt : undefined;
  if (changedAt === undefined) {
    await setPath(client, role, path ?? null);
    const { rows } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
    changedAt = rows[0]!.at;
    const fresh = { moved: [], bodies: [], published: [], grants: [] };
    await writeLedger(client, { ...fresh, ...ledger, state: 'prepared', role, schema, path: { before, changedAt } });
  }
  const count = await staleConnections(client, role, changedAt, { end: recycle });
  if (count === 0) return;
  throw new Error(
    `${role} has a search_path of its own; it looks into the schema ${schema} first now, which does not exist yet. But ${count} of its connections ` +
      'are older and go on with the old one. Wait until the pooler has closed them, and run this again; or add --recycle, which ends those ' +
      'that have been idle for 5 seconds (what is sent on one in that moment fails). No table was moved',
  );
}

/** @returns whether a row arrived in a moved table. @throws Error if a table was made again; then everything is moved back. */
async function watchArrival(client: Client, seconds: number): Promise<boolean> {
  const before = await inserted(client);
  const until = Date.now() + seconds * 1000;
  for (;;) {
    await sleep(250);
    await assertNoTwin(client);
    if ((await inserted(client)) > before) return true;
    if (Date.now() > until) return false;
  }
}

async function assertNoTwin(client: Client): Promise<void> {
  const ledger = await readLedger(client);
  const twins = ledger?.state === 'aside' ? await twinsOf(client, ledger) : [];
  const [twin] = twins;
  if (twin === undefined) return;
  const { broughtHome } = await moveBack(client);
  const stayed = twins.filter(({ home }) => home.startsWith('public.')).map(({ home }) => home.slice('public.'.length));
  throw new Error(
    `the old ingest did not follow: it made ${twin.stray} again. Everything is as before, with ${broughtHome} readings that it had written there. ${
      stayed.length > 0
        ? `It makes sure of that table where it looks first, so move it too: --with ${stayed.join(' ')}`
        : 'Its SQL names the schema, or its connection sets search_path. Have it name the table alone, on a path that begins with "$user"; then begin again'
    }`,
  );
}

/** Rows inserted into what is aside, as the server counts them; it learns of them within seconds. */
async function inserted(client: Client): Promise<number> {
  const ledger = await readLedger(client);
  const { rows } = await client.query<{ n: string }>(
    'select coalesce(sum(n_tup_ins), 0) as n from pg_stat_all_tables where schemaname = $1',
    [ledger?.schema],
  );
  return Number(rows[0]!.n);
}
