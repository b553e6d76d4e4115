-- What a database is, besides its rows: one line a fact, the same on every server whose schema is the same. Owners do not count, nor what
-- is granted to them or to the administrator: a restored object belongs to who restores it. $1: schemas that are not looked at.
with spaces as (
  select n.oid, n.nspname, n.nspacl, n.nspowner from pg_namespace as n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> all ($1::text[])
),
granted (object, acl, owner) as (
  select format('schema %I', s.nspname), coalesce(s.nspacl, acldefault('n', s.nspowner)), s.nspowner from spaces as s
  union all
  select format('%s %I.%I', case c.relkind when 'S' then 'sequence' else 'relation' end, s.nspname, c.relname),
    coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)), c.relowner
  from pg_class as c join spaces as s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select format('column %I.%I.%I', s.nspname, c.relname, a.attname), a.attacl, c.relowner
  from pg_attribute as a join pg_class as c on c.oid = a.attrelid join spaces as s on s.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped
  union all
  select format('function %I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)),
    coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
  from pg_proc as p join spaces as s on s.oid = p.pronamespace
),
facts (kind, fact) as (
  select 'role', format('%s inherit=%s bypassrls=%s', r.rolname, r.rolinherit, r.rolbypassrls)
  from pg_roles as r where r.rolname !~ '^pg_' and not r.rolsuper
  union all
  select 'membership', format('%s in %s', m.member::regrole, m.roleid::regrole)
  from pg_auth_members as m join pg_roles as r on r.oid = m.member where not r.rolsuper
  union all
  select 'grant', format('%s: %s to %s%s', g.object, a.privilege_type, coalesce(r.rolname, 'public'),
    case when a.is_grantable then ', may be passed on' else '' end)
  from granted as g cross join lateral aclexplode(g.acl) as a left join pg_roles as r on r.oid = a.grantee
  where a.grantee <> g.owner and r.rolname is distinct from 'postgres'
  union all
  select 'default', format('of %s in %s: %s %s to %s', d.defaclrole::regrole, coalesce(d.defaclnamespace::regnamespace::text, 'every schema'),
    d.defaclobjtype, a.privilege_type, coalesce(r.rolname, 'public'))
  from pg_default_acl as d cross join lateral aclexplode(d.defaclacl) as a left join pg_roles as r on r.oid = a.grantee
  where (d.defaclnamespace = 0 or d.defaclnamespace in (select oid from spaces)) and a.grantee <> d.defaclrole
  union all
  select 'row security', format('%I.%I enabled=%s forced=%s', s.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity)
  from pg_class as c join spaces as s on s.oid = c.relnamespace where c.relkind in ('r', 'p')
  union all
  select 'policy', format('%I.%I %I %s permissive=%s to %s using %s check %s', s.nspname, c.relname, p.polname, p.polcmd, p.polpermissive,
    array(select coalesce(r.rolname, 'public') from unnest(p.polroles) as o (oid) left join pg_roles as r on r.oid = o.oid order by 1),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_policy as p join pg_class as c on c.oid = p.polrelid join spaces as s on s.oid = c.relnamespace
  union all
  select 'column', format('%I.%I.%I %s not_null=%s default %s', s.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  from pg_attribute as a join pg_class as c on c.oid = a.attrelid join spaces as s on s.oid = c.relnamespace
  left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
  union all
  select 'partition', format('%s of %s %s', i.inhrelid::regclass, i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
  from pg_inherits as i join pg_class as c on c.oid = i.inhrelid join spaces as s on s.oid = c.relnamespace where c.relkind in ('r', 'p')
  union all
  select 'view', format('%I.%I %s %s', s.nspname, c.relname, c.reloptions, md5(pg_get_viewdef(c.oid)))
  from pg_class as c join spaces as s on s.oid = c.relnamespace where c.relkind in ('v', 'm')
  union all
  select 'index', pg_get_indexdef(i.indexrelid)
  from pg_index as i join pg_class as c on c.oid = i.indrelid join spaces as s on s.oid = c.relnamespace where i.indisvalid
  union all
  -- From 18 on NOT NULL is among them; the columns say it.
  select 'constraint', format('%s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
  from pg_constraint as k join spaces as s on s.oid = k.connamespace where k.conrelid <> 0 and k.contype <> 'n'
  union all
  -- Without parentheses, here and in functions: Postgres prints an expression that it has printed and read again with fewer of them.
  select 'trigger', format('%s enabled=%s', translate(pg_get_triggerdef(t.oid), '()', ''), t.tgenabled)
  from pg_trigger as t join pg_class as c on c.oid = t.tgrelid join spaces as s on s.oid = c.relnamespace where not t.tgisinternal
  union all
  select 'function', format('%I.%I(%s) %s', s.nspname, p.proname, oidvectortypes(p.proargtypes), md5(translate(pg_get_functiondef(p.oid), '()', '')))
  from pg_proc as p join spaces as s on s.oid = p.pronamespace where p.prokind <> 'a'
)
select kind || ' ' || fact as fact from facts order by 1
