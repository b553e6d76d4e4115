// Rules for every table and function of the schema, checked in the catalogue of a real database.
import type { ClientBase } from 'pg';

/** A broken rule, and the object that breaks it. */
export interface Finding {
  rule: string;
  object: string;
}

/** The roles that PostgREST uses: whatever they may do, the internet may try. */
const API_ROLES = "array['anon', 'authenticated', 'service_role']";
const OUR_SCHEMAS = "array['public', 'ingest', 'broker', 'access']";
const PRIVATE_SCHEMAS = "array['ingest', 'broker', 'access']";

/** Every table, partitions included. */
const TABLES = `
  select c.oid, c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity as forced
  from pg_class as c
  where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text = any (${OUR_SCHEMAS})`;

/** What policies say, as Postgres prints it: \`object\`, and \`said\` in both their clauses. */
const POLICIES = `
  select p.polrelid::regclass || '.' || p.polname as object, p.polrelid, p.polroles, clause as said
  from pg_policy as p, unnest(array[pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)]) as clause
  where clause is not null and p.polrelid in (select oid from (${TABLES}) as t)`;

/** An init-plan of a function, as Postgres prints it: runs once per query, not once per row. */
const INIT_PLAN = "'\\( ?SELECT [a-z_]+\\.[a-z_]+\\(\\) AS [a-z_]+\\)'";

/** Each rule's query returns the objects that break it, as `object`. */
export const RULES: Record<string, string> = {
  'row-level security is enabled and forced': `select name as object from (${TABLES}) as t where not forced`,

  'API roles never have TRUNCATE, REFERENCES or TRIGGER': `
    select c.oid::regclass || ' ' || role || ' ' || privilege as object
    from pg_class as c, unnest(${API_ROLES}) as role, unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
    where c.relnamespace::regnamespace::text = any (${OUR_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm')
      and has_table_privilege(role, c.oid, privilege)`,

  'a table granted to an API role has a policy for that role': `
    select t.name || ' ' || role as object
    from (${TABLES}) as t, unnest(${API_ROLES}) as role
    where (has_any_column_privilege(role, t.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(role, t.oid, 'DELETE'))
      and not exists (select from pg_policy as p where p.polrelid = t.oid
                      and (p.polroles = '{0}' or role::regrole::oid = any (p.polroles)))`,

  'a policy calls functions in init-plans only: (select f()), not f() for every row': `
    select object from (${POLICIES}) as p
    where regexp_replace(said, ${INIT_PLAN}, '', 'g') ~ '[a-z_]\\('`,

  'a policy asks for no sub-query a row, but = any ((select access...()))': `
    select object from (${POLICIES}) as p where regexp_replace(said, ${INIT_PLAN}, '', 'g') ~* '\\mselect\\M'`,

  'a policy for people is about a column that an index begins with': `
    select object from (${POLICIES}) as p
    where 'authenticated'::regrole::oid = any (polroles)
      and not exists (
        select from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = p.polrelid and i.indpred is null and starts_with(said, '(' || a.attname || ' = ANY '))`,

  'a policy names its roles': `
    select p.polrelid::regclass || '.' || p.polname as object from pg_policy as p
    where p.polrelid in (select oid from (${TABLES}) as t) and 0 = any (p.polroles)`,

  'a policy is permissive: one that narrows others hides who may what': `
    select p.polrelid::regclass || '.' || p.polname as object from pg_policy as p
    where p.polrelid in (select oid from (${TABLES}) as t) and not p.polpermissive`,

  'a foreign key has an index that begins with its columns': `
    select k.conrelid::regclass || '.' || k.conname as object from pg_constraint as k
    where k.contype = 'f' and k.conrelid in (select oid from (${TABLES}) as t)
      and not exists (
        select from pg_index as i
        where i.indrelid = k.conrelid and i.indpred is null
          and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey)`,

  'a row that belongs to a tenant refers to it, or goes with it by a trigger': `
    select t.name as object
    from (${TABLES}) as t join pg_attribute as a on a.attrelid = t.oid and a.attname = 'tenant_id' and not a.attisdropped
    where not exists (select from pg_constraint as k
                      where k.conrelid = t.oid and k.contype = 'f' and a.attnum = any (k.conkey))
      and not exists (select from pg_inherits as h where h.inhrelid = t.oid)
      -- Written in bulk or without a tenant; removeTenant() of registry.ts and ingest.forget_tenant() empty them.
      and t.name <> all (array['telemetry', 'dead_letters', 'dead_letter_counts', 'ingest_ledger', 'ingest.untimed',
        'ingest.quota_use', 'ingest.dead_letter_use',
        -- What stays of a tenant.
        'deletions'])`,

  "a foreign key to a tenant's row carries the tenant: no row refers to another tenant's": `
    select k.conrelid::regclass || '.' || k.conname as object
    from pg_constraint as k
    join pg_attribute as far on far.attrelid = k.confrelid and far.attname = 'tenant_id' and not far.attisdropped
    where k.contype = 'f' and k.conrelid in (select oid from (${TABLES}) as t)
      and not exists (
        select from unnest(k.conkey, k.confkey) as pair (mine, theirs)
        join pg_attribute as near on near.attrelid = k.conrelid and near.attnum = mine and near.attname = 'tenant_id'
        where theirs = far.attnum)`,

  'anon has nothing': `
    select c.oid::regclass::text as object from pg_class as c
    where c.relnamespace::regnamespace::text = any (${OUR_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm', 'S')
      and case c.relkind when 'S' then has_sequence_privilege('anon', c.oid, 'USAGE, SELECT, UPDATE')
        else has_any_column_privilege('anon', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
          or has_table_privilege('anon', c.oid, 'DELETE') end
    union all
    select p.oid::regprocedure::text from pg_proc as p
    where p.pronamespace::regnamespace::text = any (${OUR_SCHEMAS}) and has_function_privilege('anon', p.oid, 'EXECUTE')
      -- The holder of an invitation's token may read its tenant's name before they have an account; who gets a tenant's mails
      -- confirms or refuses them by a token, and has no account.
      and p.oid is distinct from to_regprocedure('public.invitation_facts(text)')
      and p.oid is distinct from to_regprocedure('public.answer_notification_channel(text, boolean)')
      -- A tenant's programs have an API token in place of an account.
      and p.oid is distinct from to_regprocedure('public.read_token()')
      and p.oid is distinct from to_regprocedure('public.read_devices(text)')
      and p.oid is distinct from
        to_regprocedure('public.read_readings(text, timestamp with time zone, timestamp with time zone, text)')
      and p.oid is distinct from to_regprocedure('public.read_alerts(timestamp with time zone, timestamp with time zone, uuid)')
      -- Signing in may be what does not work.
      and p.oid is distinct from to_regprocedure('public.maintenance()')
      and p.oid is distinct from to_regprocedure('public.read_only()')`,

  'people change only alert rules themselves; the rest goes through functions': `
    select t.name || ' ' || privilege as object
    from (${TABLES}) as t, unnest(array['INSERT', 'UPDATE', 'DELETE']) as privilege
    where t.name <> 'alert_rules' and (has_table_privilege('authenticated', t.oid, privilege)
      or privilege <> 'DELETE' and has_any_column_privilege('authenticated', t.oid, privilege))`,

  'API roles have no sequence': `
    select c.oid::regclass || ' ' || role as object from pg_class as c, unnest(${API_ROLES}) as role
    where c.relkind = 'S' and c.relnamespace::regnamespace::text = any (${OUR_SCHEMAS})
      and has_sequence_privilege(role, c.oid, 'USAGE, SELECT, UPDATE')`,

  'a secret column is granted to neither anon nor authenticated': `
    select a.attrelid::regclass || '.' || a.attname || ' ' || role as object
    from pg_attribute as a, unnest(array['anon', 'authenticated']) as role
    where a.attname in ('password_hash', 'token_hash') and a.attrelid in (select oid from (${TABLES}) as t)
      and has_column_privilege(role, a.attrelid, a.attname, 'SELECT, INSERT, UPDATE')`,

  'API roles cannot enter the private schemas, except people the one that policies ask': `
    select nspname || ' ' || role as object from pg_namespace, unnest(${API_ROLES}) as role
    where nspname = any (${PRIVATE_SCHEMAS}) and has_schema_privilege(role, oid, 'USAGE, CREATE')
      and not (nspname = 'access' and role = 'authenticated' and not has_schema_privilege(role, oid, 'CREATE'))`,

  'API roles have nothing on tables and views of private schemas': `
    select c.oid::regclass || ' ' || role as object
    from pg_class as c, unnest(${API_ROLES}) as role
    where c.relnamespace::regnamespace::text = any (${PRIVATE_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm')
      and (has_any_column_privilege(role, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(role, c.oid, 'DELETE'))`,

  'a view in public reads with the rights of who asks (security_invoker)': `
    select oid::regclass as object from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'v'
      and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false)`,

  'a function has a fixed, empty search_path, or a body whose names were resolved when it was made': `
    select oid::regprocedure as object from pg_proc
    where pronamespace::regnamespace::text = any (${OUR_SCHEMAS})
      and not coalesce('search_path=""' = any (proconfig), prosqlbody is not null and not prosecdef)
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')`,

  'a function is not executable by everyone': `
    select p.oid::regprocedure as object from pg_proc as p
    where p.pronamespace::regnamespace::text = any (${OUR_SCHEMAS})
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0)
      and not exists (select from pg_depend where objid = p.oid and deptype = 'e')`,

  "a function that people may call and that runs with its owner's rights asks who they are": `
    select p.oid::regprocedure as object from pg_proc as p
    where p.pronamespace::regnamespace::text = any (${OUR_SCHEMAS}) and p.prosecdef
      and has_function_privilege('authenticated', p.oid, 'EXECUTE')
      -- What is announced is for everybody.
      and p.oid is distinct from to_regprocedure('public.maintenance()')
      -- Or for the token of an invitation, which is looked up by its hash.
      and p.prosrc !~ '(access\\.require_role|access\\.staffed_device|access\\.staffed_channel|access\\.staffed_tenants|auth\\.uid|token_hash = sha256)\\('`,

  'roles that log in for one job are not superusers and create nothing': `
    select rolname as object from pg_roles
    where (rolname in ('mqtt_ingest', 'broker_sync', 'backup_reader', 'tenant_reader') or rolname ~ '^reader_[0-9a-f]{32}$')
      and (rolsuper or rolcreaterole or rolcreatedb or rolreplication
        or rolname not in ('mqtt_ingest', 'backup_reader') and rolbypassrls)`,
};

/** Everything in the database that breaks a rule; empty if all rules hold. Needs a role that may read the catalogue. */
export async function lintDatabase(client: ClientBase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [rule, sql] of Object.entries(RULES)) {
    const { rows } = await client.query<{ object: string }>(`select object::text from (${sql}) as broken order by 1`);
    findings.push(...rows.map(({ object }) => ({ rule, object })));
  }
  return findings;
}
