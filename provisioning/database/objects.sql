-- What a database has, by the names under which nothing else can be made: `key` for each name taken, and the object that takes it.
-- Relations of all kinds share their names, and each table takes a type's name too. Policies, triggers and constraints have no row:
-- their names are taken on their own table only; the index of a constraint has one. provisioning/database/objects.ts reads it, and ops/adopt/database/record.ts.
with spaces as (
  select oid, nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),
taken (key, classid, objid, owner) as (
  select format('schema %I', n.nspname), 'pg_catalog.pg_namespace'::regclass::oid, n.oid, n.nspowner
  from pg_catalog.pg_namespace as n where n.oid in (select oid from spaces)
  union all
  select format('relation %I.%I', s.nspname, c.relname), 'pg_catalog.pg_class'::regclass::oid, c.oid, c.relowner
  from pg_catalog.pg_class as c join spaces as s on s.oid = c.relnamespace where c.relkind <> 'c'
  union all
  -- A table's row type is the table.
  select format('type %I.%I', s.nspname, t.typname),
    case when c.relkind <> 'c' then 'pg_catalog.pg_class'::regclass::oid else 'pg_catalog.pg_type'::regclass::oid end,
    case when c.relkind <> 'c' then c.oid else t.oid end, t.typowner
  from pg_catalog.pg_type as t join spaces as s on s.oid = t.typnamespace left join pg_catalog.pg_class as c on c.oid = t.typrelid
  -- Postgres names arrays, and gives way with the name.
  where t.typelem = 0 or t.typlen <> -1
  union all
  select format('function %I.%I(%s)', s.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
    'pg_catalog.pg_proc'::regclass::oid, p.oid, p.proowner
  from pg_catalog.pg_proc as p join spaces as s on s.oid = p.pronamespace
  union all
  select format('role %I', rolname), 'pg_catalog.pg_authid'::regclass::oid, oid, null from pg_catalog.pg_roles where rolname !~ '^pg_'
  union all
  select format('publication %I', pubname), 'pg_catalog.pg_publication'::regclass::oid, oid, pubowner from pg_catalog.pg_publication
  union all
  select format('extension %I', extname), 'pg_catalog.pg_extension'::regclass::oid, oid, extowner from pg_catalog.pg_extension
  union all
  select format('event trigger %I', evtname), 'pg_catalog.pg_event_trigger'::regclass::oid, oid, evtowner
  from pg_catalog.pg_event_trigger
)
select t.key, o.type as kind, o.identity as name, t.classid::int8 as classid, t.objid::int8 as objid,
  pg_catalog.pg_get_userbyid(t.owner) as owner,
  (select e.extname from pg_catalog.pg_depend as d join pg_catalog.pg_extension as e on e.oid = d.refobjid
   where d.classid = t.classid and d.objid = t.objid and d.deptype = 'e') as extension
from taken as t, pg_catalog.pg_identify_object(t.classid, t.objid, 0) as o
order by t.key collate "C", t.objid
