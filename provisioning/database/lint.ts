// What must hold for every table and function of the schema, now and later, read from the catalog of a real database.
import type { ClientBase } from 'pg';

/** One broken rule: which, and what breaks it. */
export interface Finding {
  rule: string;
  object: string;
}

/** Roles that PostgREST acts as: whatever they may do, the internet may try. */
const API_ROLES = "array['anon', 'authenticated', 'service_role']";
const OUR_SCHEMAS = "array['public', 'ingest', 'broker']";

/** The tables of `public`, and their partitions in whatever schema. */
const TABLES = `
  select c.oid, c.oid::regclass::text as name, c.relnamespace::regnamespace::text as schema, c.relkind,
    c.relrowsecurity and c.relforcerowsecurity as forced
  from pg_class as c
  where c.relkind in ('r', 'p') and (
    c.relnamespace = 'public'::regnamespace
    or exists (select from pg_partition_ancestors(c.oid) as a (oid) join pg_class as p on p.oid = a.oid
               where p.relnamespace = 'public'::regnamespace))`;

/** Each rule's query returns the objects that break it, as `object`. */
const RULES: Record<string, string> = {
  'row-level security is enabled and forced': `select name as object from (${TABLES}) as t where not forced`,

  'API roles never have TRUNCATE, REFERENCES or TRIGGER': `
    select c.oid::regclass || ' ' || role || ' ' || privilege as object
    from pg_class as c, unnest(${API_ROLES}) as role, unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
    where c.relnamespace::regnamespace::text = any (${OUR_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm')
      and has_table_privilege(role, c.oid, privilege)`,

  'a table granted to an API role has a policy for that role': `
    select t.name || ' ' || role as object
    from (${TABLES}) as t, unnest(${API_ROLES}) as role
    where has_table_privilege(role, t.oid, 'SELECT, INSERT, UPDATE, DELETE')
      and not exists (select from pg_policy as p where p.polrelid = t.oid
                      and (p.polroles = '{0}' or role::regrole::oid = any (p.polroles)))`,

  'API roles cannot enter the private schemas': `
    select nspname || ' ' || role as object from pg_namespace, unnest(${API_ROLES}) as role
    where nspname in ('ingest', 'broker') and has_schema_privilege(role, oid, 'USAGE, CREATE')`,

  'API roles have nothing on tables and views of private schemas': `
    select c.oid::regclass || ' ' || role as object
    from pg_class as c, unnest(${API_ROLES}) as role
    where c.relnamespace::regnamespace::text in ('ingest', 'broker') and c.relkind in ('r', 'p', 'v', 'm')
      and has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,

  'a view in public reads with the rights of who asks (security_invoker)': `
    select oid::regclass as object from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'v'
      and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false)`,

  'a function has a fixed, empty search_path': `
    select oid::regprocedure as object from pg_proc
    where pronamespace::regnamespace::text = any (${OUR_SCHEMAS})
      and not coalesce('search_path=""' = any (proconfig), false)
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')`,

  'a function is not executable by everyone': `
    select p.oid::regprocedure as object from pg_proc as p
    where p.pronamespace::regnamespace::text = any (${OUR_SCHEMAS})
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0)
      and not exists (select from pg_depend where objid = p.oid and deptype = 'e')`,

  'roles that log in for one job are no superusers and make nothing': `
    select rolname as object from pg_roles
    where rolname in ('mqtt_ingest', 'broker_sync')
      and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolname = 'broker_sync' and rolbypassrls)`,
};

/** Everything in the database that breaks a rule; empty when all is well. Needs any role that may read the catalog. */
export async function lintDatabase(client: ClientBase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [rule, sql] of Object.entries(RULES)) {
    const { rows } = await client.query<{ object: string }>(`select object::text from (${sql}) as broken order by 1`);
    findings.push(...rows.map(({ object }) => ({ rule, object })));
  }
  return findings;
}
