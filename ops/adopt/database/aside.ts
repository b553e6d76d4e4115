// Moves the old tables aside to make room for the platform's, and back: each in one transaction that waits for nobody, while the old
// ingest goes on writing. docs/adoption.md says what this means for whom.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, escapeIdentifier } from 'pg';
import { PARKED_SCHEMA } from '../../../provisioning/database/apply.ts';
import { inTransaction } from '../../../provisioning/database/connect.ts';
import { ensureHistory, readHistory } from '../../../provisioning/database/history.ts';
import { type ExistingObject, findCollisions, listObjects, MADE } from '../../../provisioning/database/objects.ts';
import { prepareBodies, restoreBodies } from './bodies.ts';
import { readGrants, restoreGrants } from './grants.ts';
import { type Ledger, readLedger, writeLedger } from './ledger.ts';
import { assertMovable, lockTables, moveTo, type Root, rootsIn, rootsOf } from './roots.ts';
import { type Destination, setPath } from './search-path.ts';
import { bringHome, findTwins, type Twin } from './twins.ts';

/** How long to wait for a lock. The old ingest waits behind it for at most as long. Milliseconds. */
const LOCK_MS = 200;
/** How long to try. Milliseconds. */
const TIMEOUT_MS = 60_000;

/** Makes PostgREST read the schema again. On Supabase an event trigger does it by itself. */
const RELOAD = "notify pgrst, 'reload schema'";

/** The result. */
export interface Moved {
  schema: string;
  /** What was moved, with its former schema. */
  names: string[];
  /** Functions that name something moved and that are not this role's to change. */
  left: string[];
  /** Rows of tables that the old ingest had made again. */
  broughtHome: number;
}

/** What is in the way: where the platform is installed already, what would be when it comes back to public. */
export async function findInTheWay(client: Client, extra: string[] = []): Promise<ExistingObject[]> {
  const objects = await listObjects(client);
  const history = await versionsHad(client);
  const isParked = objects.some(({ key }) => key === `schema ${PARKED_SCHEMA}`);
  const wanted = Object.keys(MADE).filter((version) => isParked || !history.includes(version));
  const found = await findCollisions(client, wanted);
  const { rows: named } = await client.query<{ key: string }>(
    "select format('relation public.%I', name) as key from unnest($1::text[]) as name",
    [extra],
  );
  const more = objects.filter((object) => named.some(({ key }) => key === object.key));
  return [...found.filter(({ key }) => !(isParked && key.startsWith('schema '))), ...more];
}

/** @param extra further tables, by their name in public: what the old ingest makes if it does not exist must be where it looks first. */
export async function moveAside(
  client: Client,
  role: string,
  { schema, path, before }: Destination,
  extra: string[] = [],
): Promise<Moved> {
  return withShortLocks(client, async () => {
    const ledger = await readLedger(client);
    if (ledger?.state === 'aside') throw new Error(alreadyAside(ledger));
    const found = await findInTheWay(client, extra);
    const stuck = found.filter(({ key }) => key.startsWith('schema '));
    if (stuck.length > 0) {
      const names = stuck.map(({ name }) => `alter schema ${name} rename to old_${name.replaceAll('"', '')}`);
      throw new Error(
        `the platform needs schemas of these names, and what your programs name in full cannot follow; change the programs, then: ${names.join('; ')}`,
      );
    }
    const roots = await rootsOf(client, found);
    const isParked = (await rootsIn(client, PARKED_SCHEMA)).length > 0;
    if (roots.length === 0 && !isParked)
      throw new Error('nothing conflicts with the migrations: there is nothing to move');
    assertMovable(roots);
    const grants = await readGrants(client);
    const names = roots.map(({ local }) => local);
    const bodies = await prepareBodies(client, [...new Set(names)], schema, [...PLATFORM_SCHEMAS, PARKED_SCHEMA]);
    await lockTables(client, roots);
    await makeSchema(client, schema, role);
    await moveTo(client, schema, roots);
    const published = await keepPublished(client, roots);
    const changed = await bodies.change();
    if (isParked) await unpark(client, ledger);
    await client.query(RELOAD);
    await writeLedger(client, {
      state: 'aside',
      role,
      schema,
      moved: names,
      bodies: changed,
      published,
      grants,
      ...(path !== undefined && { path: ledger?.path ?? { before, changedAt: '' } }),
    });
    return { schema, names: roots.map(({ name }) => name), left: bodies.left, broughtHome: 0 };
  });
}

/** Makes everything in the schema public again, including what the old ingest has made there since. What the platform made is parked. */
export async function moveBack(client: Client): Promise<Moved> {
  await dropLeaving(client);
  const moved = await bringBack(client);
  await dropLeaving(client);
  return moved;
}

/**
 * Dropping the schema with the move would deadlock: the drop waits for each transaction that ran `create table if not exists`, and that
 * transaction waits for its table, which the move has locked. So the move only renames the schema, and it is dropped afterwards.
 */
const LEAVING_SCHEMA = 'mqtt_saas_leaving';

async function dropLeaving(client: Client): Promise<void> {
  await withShortLocks(client, async () => {
    // What was made there at the same moment.
    await moveTo(client, 'public', await rootsIn(client, LEAVING_SCHEMA));
    await client.query(`drop schema if exists ${LEAVING_SCHEMA}`);
  });
}

function bringBack(client: Client): Promise<Moved> {
  return withShortLocks(client, async () => {
    const ledger = await readLedger(client);
    if (ledger === undefined || ledger.state === 'back')
      throw new Error('no table was moved aside: there is nothing to bring back');
    const { schema, role } = ledger;
    if (ledger.state === 'prepared') {
      await setPath(client, role, ledger.path?.before ?? null);
      await writeLedger(client, { ...ledger, state: 'back' });
      return { schema, names: [], left: [], broughtHome: 0 };
    }
    const platforms = await platformRoots(client);
    await lockTables(client, [...platforms, ...(await rootsIn(client, schema))]);
    let broughtHome = 0;
    for (const twin of await twinsOf(client, ledger)) broughtHome += await bringHome(client, twin);
    const platformGrants = await readGrants(client);
    if (platforms.length > 0) await park(client, platforms);
    const roots = await rootsIn(client, schema);
    assertMovable(roots);
    for (const { publication, table } of ledger.published) {
      await client.query(`alter publication ${publication} drop table ${table}`);
    }
    await moveTo(client, 'public', roots);
    await client.query(`alter schema ${escapeIdentifier(schema)} rename to ${LEAVING_SCHEMA}`);
    const left = await restoreBodies(client, ledger.bodies);
    await restoreGrants(client, ledger.grants);
    if (ledger.path) await setPath(client, role, ledger.path.before);
    await client.query(RELOAD);
    await writeLedger(client, { ...ledger, state: 'back', platformGrants });
    return { schema, names: roots.map(({ name }) => name), left, broughtHome };
  });
}

/** Tables that the old ingest has made again. */
export async function twinsOf(client: Client, { schema, moved }: Ledger): Promise<Twin[]> {
  const platforms = await platformRoots(client);
  const names = platforms.map(({ local }) => local);
  return findTwins(client, schema, moved, names);
}

/** The platform's own schemas, which are no part of what was there before. */
const PLATFORM_SCHEMAS = Object.values(MADE)
  .flat()
  .filter((key) => key.startsWith('schema '))
  .map((key) => key.slice('schema '.length));

const alreadyAside = ({ schema, role }: Ledger) =>
  `the old tables are aside already, in the schema ${schema} of ${role}; npm run ops -- adopt table-back brings them back`;

async function versionsHad(client: Client): Promise<string[]> {
  const { rows } = await client.query(
    "select to_regclass('supabase_migrations.schema_migrations') is not null as there",
  );
  if (!rows[0].there) return [];
  await ensureHistory(client);
  return (await readHistory(client)).map(({ version }) => version);
}

/** The platform's objects in public. */
async function platformRoots(client: Client): Promise<Root[]> {
  const versions = await versionsHad(client);
  const made = new Set(versions.flatMap((version) => MADE[version] ?? []));
  return rootsOf(
    client,
    (await listObjects(client)).filter(({ key }) => made.has(key)),
  );
}

/** Every role that could name a table in public still can; only the role itself can make anything there. */
async function makeSchema(client: Client, schema: string, role: string): Promise<void> {
  const name = escapeIdentifier(schema);
  await client.query(`create schema ${name}; grant usage, create on schema ${name} to ${escapeIdentifier(role)}`);
  const { rows } = await client.query<{ who: string }>(
    `select distinct case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end as who
     from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as e
     where nspname = 'public' and e.privilege_type = 'USAGE' and e.grantee <> nspowner`,
  );
  for (const { who } of rows) await client.query(`grant usage on schema ${name} to ${who}`);
}

/** A publication of all tables in public has lost what has left it. */
async function keepPublished(client: Client, roots: Root[]): Promise<Ledger['published']> {
  const { rows } = await client.query<{ publication: string; table: string }>(
    `select quote_ident(p.pubname) as publication, c.oid::regclass::text as table
     from pg_publication_namespace as n join pg_publication as p on p.oid = n.pnpubid
     join pg_class as c on c.oid = any ($1::oid[]) and c.relkind in ('r', 'p')
     where n.pnnspid = 'public'::regnamespace
       and not exists (select from pg_publication_rel as r where r.prpubid = p.oid and r.prrelid = c.oid)`,
    [roots.map(({ oid }) => oid)],
  );
  for (const { publication, table } of rows) await client.query(`alter publication ${publication} add table ${table}`);
  return rows;
}

async function park(client: Client, platforms: Root[]): Promise<void> {
  await client.query(`create schema ${PARKED_SCHEMA}; revoke all on schema ${PARKED_SCHEMA} from public`);
  await moveTo(client, PARKED_SCHEMA, platforms);
}

async function unpark(client: Client, ledger: Ledger | undefined): Promise<void> {
  const platforms = await rootsIn(client, PARKED_SCHEMA);
  await lockTables(client, platforms);
  await moveTo(client, 'public', platforms);
  await client.query(`drop schema ${PARKED_SCHEMA}`);
  if (ledger?.platformGrants) await restoreGrants(client, ledger.platformGrants);
}

/** Tries again until the locks are free: waiting long for a lock would block everyone behind. */
async function withShortLocks<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await inTransaction(client, async () => {
        await client.query(
          `set local search_path = ''; set local lock_timeout = ${LOCK_MS}; set local check_function_bodies = off`,
        );
        return work();
      });
    } catch (error) {
      // Lock not available, deadlock, a table that has gone or come in between.
      const passes = ['55P03', '40P01', '42P01', '2BP01', 'XX000'].includes((error as { code?: string }).code ?? '');
      if (!passes) throw error;
      if (Date.now() > until) {
        throw new Error(
          `${(error as Error).message}, repeatedly for ${TIMEOUT_MS / 1000} s: nothing was changed. If somebody holds the tables in a long ` +
            'transaction, this shows who: select pid, usename, xact_start, query from pg_stat_activity order by xact_start',
          { cause: error },
        );
      }
      await sleep(100 + Math.random() * 400);
    }
  }
}
