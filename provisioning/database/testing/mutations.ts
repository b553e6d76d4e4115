// Every way to weaken or break the tables' protection by one statement, read from the catalog, and the cells of the matrix
// that must notice it.
import type { ClientBase } from 'pg';
import { type Actor, actorsOf } from './actors.ts';
import type { Relation } from './cells.ts';
import { OPENED } from './guards.ts';

/** One statement, and where it may and must be seen. */
export interface Mutation {
  kind: 'policy' | 'grant' | 'column' | 'force' | 'guard' | 'addition';
  sql: string;
  /** The table or view that it changes. */
  relation: string;
  /** Tables that it changes besides. */
  reads?: string[];
  actors: Actor[];
  /** Of S, I, U, D. */
  verbs: string;
}

const VERB_OF: Record<string, string> = { SELECT: 'S', INSERT: 'I', UPDATE: 'U', DELETE: 'D' };
const POLICY_VERBS: Record<string, string> = { r: 'S', a: 'I', w: 'U', d: 'D', '*': 'SIUD' };

/** Takes away one policy, one grant, one granted column, FORCE or the whole of row-level security. */
export async function removals(client: ClientBase, relations: Relation[]): Promise<Mutation[]> {
  const names = relations.map(({ name }) => name);
  const policies = await client.query<{ relation: string; policy: string; roles: string[]; command: string }>(
    `select name as relation, p.polname as policy, p.polcmd as command,
       array(select r.rolname::text from pg_roles as r where r.oid = any (p.polroles)) as roles
     from unnest($1::text[]) as name join pg_policy as p on p.polrelid = name::regclass`,
    [names],
  );
  const grants = await client.query<{ relation: string; role: string; privilege: string; column: string | null }>(
    `select name as relation, r.rolname as role, a.privilege_type as privilege, a.column
     from unnest($1::text[]) as name
     join pg_class as c on c.oid = name::regclass
     cross join lateral (
       select x.grantee, x.privilege_type, null::text as column from aclexplode(c.relacl) as x
       union all
       select x.grantee, x.privilege_type, t.attname from pg_attribute as t, aclexplode(t.attacl) as x where t.attrelid = c.oid
     ) as a
     join pg_roles as r on r.oid = a.grantee
     where a.grantee <> c.relowner`,
    [names],
  );
  return [
    ...policies.rows.map(({ relation, policy, roles, command }) => ({
      kind: 'policy' as const,
      sql: `drop policy ${policy} on ${relation}`,
      relation,
      actors: roles.flatMap(actorsOf),
      verbs: POLICY_VERBS[command]!,
    })),
    ...grants.rows.map(({ relation, role, privilege, column }) => ({
      kind: column ? ('column' as const) : ('grant' as const),
      sql: `revoke ${privilege}${column ? ` (${column})` : ''} on ${relation} from ${role}`,
      relation,
      actors: actorsOf(role),
      verbs: VERB_OF[privilege]!,
    })),
    ...relations
      .filter(({ isView }) => !isView)
      .map(({ name }) => ({
        kind: 'force' as const,
        sql: `alter table ${name} no force row level security`,
        relation: name,
        actors: ['schema-owner' as const],
        verbs: 'SIUD',
      })),
  ];
}

/** Opens a guard, once for each policy that asks it. */
export async function openings(client: ClientBase, relations: Relation[]): Promise<Mutation[]> {
  const { rows } = await client.query<{ relation: string; guard: keyof typeof OPENED; command: string }>(
    `select name as relation, guard, p.polcmd as command
     from unnest($1::text[]) as name join pg_policy as p on p.polrelid = name::regclass, unnest($2::text[]) as guard
     where concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~ ('access.' || guard)`,
    [relations.map(({ name }) => name), Object.keys(OPENED)],
  );
  return rows.map(({ relation, guard, command }) => ({
    kind: 'guard' as const,
    sql: OPENED[guard],
    relation,
    actors: actorsOf('authenticated'),
    verbs: POLICY_VERBS[command]!,
  }));
}

/** The function of a generated column, by table: who may not execute it writes no row, whatever else they may. */
const GENERATING: Record<string, string> = {
  'public.device_state': 'access.state_delta(jsonb, jsonb)',
  'public.devices': 'access.natural_key(text)',
};

/**
 * Gives one role everything on one table: the grants with a policy that lets everything pass, and the grants alone. For a
 * view, on the tables that it reads, too. A table's first is the one that opens most: people everywhere have some rights.
 */
export function additions(relations: Relation[], dependents: Map<string, string[]>): Mutation[] {
  const roles = ['authenticated', 'anon', 'mqtt_ingest', 'broker_sync', 'tenant_reader', 'service_role'];
  return relations.flatMap(({ name, isView }) => {
    const reads = [...dependents].filter(([, views]) => views.includes(name)).map(([table]) => table);
    const tables = isView ? reads : [name];
    const generating = GENERATING[name];
    return [...roles, ...(isView || generating ? ['plain_owner'] : [])].flatMap((role) => {
      const grants = [name, ...reads].map((one) => `grant all on ${one} to ${role}`);
      if (generating)
        grants.push(`grant usage on schema access to ${role}; grant execute on function ${generating} to ${role}`);
      const enter = `grant usage on schema ${name.split('.')[0]} to ${role}`;
      const policies = tables.map((one) => `create policy leak on ${one} to ${role} using (true) with check (true)`);
      const steps = [
        [enter, ...grants, ...policies],
        [enter, ...grants],
      ];
      return steps.map((sql) => ({
        kind: 'addition' as const,
        sql: sql.join('; '),
        relation: name,
        reads,
        actors: actorsOf(role),
        verbs: 'SIUD',
      }));
    });
  });
}

/** The views that read a table with the rights of who asks, by table. */
export async function readDependents(client: ClientBase): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ relation: string; views: string[] }>(`
    select rn.nspname || '.' || r.relname as relation, array_agg(distinct 'public.' || v.relname) as views
    from pg_rewrite as w
    join pg_class as v on v.oid = w.ev_class and v.relkind = 'v' and v.relnamespace = 'public'::regnamespace
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
    join pg_class as r on r.oid = d.refobjid and r.oid <> v.oid
    join pg_namespace as rn on rn.oid = r.relnamespace
    group by 1`);
  return new Map(rows.map(({ relation, views }) => [relation, views]));
}
