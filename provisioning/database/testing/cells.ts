// Finds out what an actor can really do with a table: every verb, tried on rows of both tenants, undone each time.
//
// The statements name no tenant: UPDATE and DELETE go without a WHERE, and which rows they reached is looked up afterwards
// as the superuser. A WHERE would need SELECT, and one missing grant would hide another.
import type { ClientBase } from 'pg';
import { type Actor, act, roleOf } from './actors.ts';
import { COLUMNS } from './matrix.ts';
import { SAMPLES, type Values } from './samples.ts';
import type { World } from './world.ts';

/** A table or view as the catalog has it. */
export interface Relation {
  /** `schema.name`. */
  name: string;
  /** Its row of the matrix: a day's partition is `ingest.telemetry_<day>`. */
  row: string;
  isView: boolean;
  /** The column that says whose a row is, if there is one. */
  tenantColumn: string | undefined;
  columns: string[];
}

/** Every table and view of the platform's schemas; of the days' partitions only today's, they are made alike. */
export async function readRelations(client: ClientBase): Promise<Relation[]> {
  const { rows } = await client.query<{ name: string; kind: string; columns: string[] }>(`
    select n.nspname || '.' || c.relname as name, c.relkind as kind,
      array(select a.attname::text from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'ingest', 'broker', 'access') and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and (c.relname !~ '^telemetry_[0-9]{8}$' or c.relname = to_char(now() at time zone 'UTC', '"telemetry_"YYYYMMDD'))
    order by 1`);
  return rows.map(({ name, kind, columns }) => ({
    name,
    columns,
    isView: kind === 'v',
    row: name.replace(/_[0-9]{8}$/, '_<day>'),
    tenantColumn: name === 'public.tenants' ? 'id' : columns.find((column) => column === 'tenant_id'),
  }));
}

/** The result of a try: it reached rows, found none, was refused by a policy, or lacked a grant. */
type Outcome = 'reached' | '.' | 'x' | '-';

interface Outcomes {
  own: Outcome;
  other: Outcome;
}

/** Who tries what, where. */
interface Attempt {
  client: ClientBase;
  relation: Relation;
  actor: Actor;
  world: World;
}

const VERBS: Record<string, (attempt: Attempt) => Promise<Outcomes>> = {
  S: trySelect,
  I: tryInsert,
  U: (one) => {
    const values = SAMPLES[one.relation.row]!.update;
    const set = Object.keys(values).map((column, n) => `${column} = $${n + 1}`);
    return tryChange(one, `update ${one.relation.name} set ${set.join(', ')}`, Object.values(values));
  },
  D: (one) => tryChange(one, `delete from ${one.relation.name}`),
};

/** A matrix cell as it is in the database. Needs an open transaction; leaves nothing behind. */
export async function probe(client: ClientBase, relation: Relation, actor: Actor, world: World): Promise<string> {
  let own = '';
  let other = '';
  for (const letter of relation.isView ? 'S' : 'SIUD') {
    const outcomes = await VERBS[letter]!({ client, relation, actor, world });
    own += outcomes.own === 'reached' ? letter : outcomes.own;
    other += outcomes.other === 'reached' ? letter : outcomes.other;
  }
  return relation.tenantColumn ? `${own}/${other}` : own;
}

function trySelect(attempt: Attempt): Promise<Outcomes> {
  const { client, relation, actor, world } = attempt;
  const columns = COLUMNS[relation.row]?.[roleOf(actor)]?.select?.split(' ') ?? relation.columns;
  return undone(attempt, async () => {
    const { rows } = await client.query(`select ${columns.join(', ')} from ${relation.name}`);
    return rows.map((row) => (relation.tenantColumn ? row[relation.tenantColumn] : world.a.id));
  });
}

async function tryInsert(attempt: Attempt): Promise<Outcomes> {
  const { client, relation, world } = attempt;
  const insert = (tenant: World['a']) =>
    undone(attempt, async () => {
      const values = SAMPLES[relation.row]!.insert(tenant, world);
      await client.query(insertStatement(relation.name, values), Object.values(values));
      return [tenant.id];
    });
  return { own: (await insert(world.a)).own, other: (await insert(world.b)).other };
}

/** Those rows were reached that are not where they were. */
function tryChange(attempt: Attempt, sql: string, values: unknown[] = []): Promise<Outcomes> {
  const { client, relation, world } = attempt;
  const places = async () => {
    const tenant = relation.tenantColumn ?? `'${world.a.id}'`;
    const { rows } = await client.query(`select tableoid, ctid, ${tenant} as tenant from ${relation.name}`);
    return new Map(rows.map(({ tableoid, ctid, tenant }) => [`${tableoid} ${ctid}`, tenant as string | null]));
  };
  return undone(
    attempt,
    async (before) => {
      await client.query(sql, values);
      await client.query("select set_config('role', 'none', true)");
      const after = await places();
      return [...before!].filter(([place]) => !after.has(place)).map(([, tenant]) => tenant);
    },
    places,
  );
}

/** @returns the text of an INSERT with a mark for each value. */
export function insertStatement(table: string, values: Values): string {
  const columns = Object.keys(values);
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, n) => `$${n + 1}`).join(', ')})`;
}

/** Runs `work` as the actor, in a savepoint; it returns whose rows it reached. `first` runs before, as the superuser. */
async function undone<T>(
  { client, relation, actor, world }: Attempt,
  work: (prepared: T | undefined) => Promise<(string | null)[]>,
  first?: () => Promise<T>,
): Promise<Outcomes> {
  await client.query('savepoint attempt');
  try {
    const prepared = await first?.();
    await act(client, actor, world, relation.isView ? undefined : relation.name);
    const tenants = await work(prepared);
    return {
      own: tenants.includes(world.a.id) ? 'reached' : '.',
      other: tenants.some((tenant) => tenant !== world.a.id) ? 'reached' : '.',
    };
  } catch (error) {
    const outcome = judge(error as { code?: string; message: string });
    return { own: outcome, other: outcome };
  } finally {
    await client.query('rollback to savepoint attempt; release savepoint attempt');
  }
}

/** A broken constraint and a trigger's refusal come after every check of rights: the statement got through to rows. */
function judge({ code, message }: { code?: string; message: string }): Outcome {
  if (code === '42501' && message.startsWith('permission denied')) return '-';
  if (code === '42501' && message.includes('row-level security')) return 'x';
  if (code === '42501' || code?.startsWith('23')) return 'reached';
  throw new Error(`${code}: ${message}`);
}
