// What has to be moved so that a name becomes free, and the statements that move it. Whatever else is tied to a table by its identity
// goes with it or goes on working: indexes, constraints, foreign keys, owned sequences, policies, triggers, grants, views.
import { type ClientBase, escapeIdentifier } from 'pg';

/** An object that can be moved to another schema by itself. */
export interface Root {
  oid: string;
  /** What comes after ALTER: `table`, `type`, `routine`. */
  verb: string;
  /** Its own name, without the schema. */
  local: string;
  /** With its schema, as SQL. */
  name: string;
  owner: string;
  /** The platform's role may move it. */
  mine: boolean;
  extension: string | null;
  /** pg_class.relkind; empty for anything but a relation. */
  relkind: string;
}

const FROM_ALL = `
  all_roots as (
    select 'pg_class'::regclass::oid as classid, c.oid, 'table' as verb, c.relname::text as local, c.relnamespace as space,
      c.relowner as owner, c.relkind::text as relkind
    from pg_class as c
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not exists (
      select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and c.relkind = 'S'
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
    union all
    select 'pg_type'::regclass, t.oid, 'type', t.typname, t.typnamespace, t.typowner, ''
    from pg_type as t left join pg_class as c on c.oid = t.typrelid
    where t.typtype in ('e', 'd', 'r') or c.relkind = 'c'
    union all
    select 'pg_proc'::regclass, p.oid, 'routine', p.proname, p.pronamespace, p.proowner, ''
    from pg_proc as p
    -- A range type's constructors are part of it.
    where not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
  )`;

const SELECT = `
  select r.oid::int8 as oid, r.verb, r.local, o.identity as name, pg_get_userbyid(r.owner) as owner,
    pg_has_role(r.owner, 'USAGE') as mine, r.relkind,
    (select e.extname from pg_depend as d join pg_extension as e on e.oid = d.refobjid
     where d.classid = r.classid and d.objid = r.oid and d.deptype = 'e') as extension
  from all_roots as r, pg_identify_object(r.classid, r.oid, 0) as o`;

/** Everything in a schema. */
export async function rootsIn(client: ClientBase, schema: string): Promise<Root[]> {
  const { rows } = await client.query<Root>(
    `with ${FROM_ALL} ${SELECT} where r.space = to_regnamespace($1) order by r.oid`,
    [escapeIdentifier(schema)],
  );
  return rows;
}

/**
 * What has to leave the schema public for these objects to leave it: an index's table, an owned sequence's table, and with a table its
 * partitions and heirs there, which a program makes next to it.
 */
export async function rootsOf(client: ClientBase, objects: { classid: string; objid: string }[]): Promise<Root[]> {
  const { rows } = await client.query<Root>(
    `with recursive ${FROM_ALL},
      named as (select * from unnest($1::oid[], $2::oid[]) as n (classid, oid)),
      holders as (
        select n.classid, coalesce(i.indrelid, d.refobjid, n.oid) as oid
        from named as n
        left join pg_index as i on n.classid = 'pg_class'::regclass and i.indexrelid = n.oid
        left join pg_class as s on n.classid = 'pg_class'::regclass and s.oid = n.oid and s.relkind = 'S'
        left join pg_depend as d on d.classid = n.classid and d.objid = s.oid and d.refclassid = 'pg_class'::regclass
          and d.deptype in ('a', 'i')
      ),
      family as (
        select classid, oid from holders
        union
        select f.classid, h.inhrelid from family as f join pg_inherits as h on f.classid = 'pg_class'::regclass and h.inhparent = f.oid
      )
    ${SELECT} where (r.classid, r.oid) in (select classid, oid from family) and r.space = 'public'::regnamespace order by r.oid`,
    [objects.map(({ classid }) => classid), objects.map(({ objid }) => objid)],
  );
  return rows;
}

/** @throws Error that names what cannot be moved, and what to do. */
export function assertMovable(roots: Root[]): void {
  const stuck = roots.flatMap(({ name, owner, mine, extension, verb }) => {
    if (extension)
      return [`${name} belongs to the extension ${extension}: alter extension ${extension} set schema extensions`];
    if (!mine)
      return [`${verb} ${name} is owned by ${owner}: grant ${escapeIdentifier(owner)} to the role of DATABASE_URL`];
    return [];
  });
  if (stuck.length > 0)
    throw new Error(
      `these conflict with the platform's tables and cannot be moved; nothing was changed:\n  ${stuck.join('\n  ')}`,
    );
}

/** Moves them. Partitions go by themselves, as everything does. */
export async function moveTo(client: ClientBase, schema: string, roots: Root[]): Promise<void> {
  for (const { verb, name } of roots)
    await client.query(`alter ${verb} ${name} set schema ${escapeIdentifier(schema)}`);
}

/** Keeps everybody else out of these tables until the transaction ends. */
export async function lockTables(client: ClientBase, roots: Root[]): Promise<void> {
  const tables = roots.filter(({ relkind }) => ['r', 'p'].includes(relkind)).map(({ name }) => name);
  if (tables.length > 0) await client.query(`lock table ${tables.join(', ')} in access exclusive mode`);
}
