// Everything that a schema-only dump of a database says, as sorted lines: two databases with the same lines have the same schema. pg_dump
// itself refuses servers newer than it is; where it does not, the tests ask it too.
import { spawnSync } from 'node:child_process';
import type { ClientBase } from 'pg';

const acl = (list: string, kind: string, owner: string) =>
  `(select string_agg(a::text, ' ' order by a::text) from aclexplode(coalesce(${list}, acldefault('${kind}', ${owner}))) as a)`;

const QUERIES: Record<string, string> = {
  schema: `select nspname, nspowner::regrole, ${acl('nspacl', 'n', 'nspowner')} from s`,
  relation: `
    select c.oid::regclass, c.relkind, c.relowner::regrole, ${acl('c.relacl', 'r', 'c.relowner')}, c.reloptions, c.relpersistence,
      c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, pg_get_expr(c.relpartbound, c.oid),
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end, case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      array(select inhparent::regclass::text from pg_inherits where inhrelid = c.oid order by inhseqno), obj_description(c.oid, 'pg_class')
    from pg_class as c join s on s.oid = c.relnamespace where c.relkind not in ('i', 'I', 'c')`,
  column: `
    select c.oid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation,
      a.attisdropped, a.attislocal, pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(c.oid, a.attnum)
    from pg_class as c join s on s.oid = c.relnamespace join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
    left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum where c.relkind not in ('i', 'I')`,
  constraint: `
    select k.conrelid::regclass, k.contypid::regtype, k.conname, pg_get_constraintdef(k.oid), k.convalidated, k.connamespace::regnamespace
    from pg_constraint as k join s on s.oid = k.connamespace`,
  index: `
    select i.indrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident, i.indisvalid
    from pg_index as i join pg_class as c on c.oid = i.indexrelid join s on s.oid = c.relnamespace`,
  trigger: `select tgrelid::regclass, pg_get_triggerdef(oid), tgenabled from pg_trigger where not tgisinternal`,
  policy: `
    select polrelid::regclass, polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
    from pg_policy`,
  rule: `select ev_class::regclass, pg_get_ruledef(r.oid) from pg_rewrite as r join pg_class as c on c.oid = r.ev_class join s on s.oid = c.relnamespace`,
  sequence: `
    select q.seqrelid::regclass, q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle,
      pg_get_serial_sequence(d.refobjid::regclass::text, a.attname)
    from pg_sequence as q join pg_class as c on c.oid = q.seqrelid join s on s.oid = c.relnamespace
    left join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = q.seqrelid and d.deptype in ('a', 'i')
    left join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid`,
  type: `
    select t.oid::regtype, t.typtype, t.typowner::regrole, ${acl('t.typacl', 'T', 't.typowner')}, t.typnotnull, t.typdefault,
      array(select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder)
    from pg_type as t join s on s.oid = t.typnamespace`,
  function: `
    select p.oid::regprocedure, p.proowner::regrole, ${acl('p.proacl', 'f', 'p.proowner')},
      case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end
    from pg_proc as p join s on s.oid = p.pronamespace`,
  statistics: `select pg_get_statisticsobjdef(e.oid) from pg_statistic_ext as e join s on s.oid = e.stxnamespace`,
  publication: `select p.pubname, p.puballtables, array(select prrelid::regclass::text from pg_publication_rel where prpubid = p.oid order by 1),
    array(select pnnspid::regnamespace::text from pg_publication_namespace where pnpubid = p.oid order by 1) from pg_publication as p`,
  // Of the platform's roles: they stay, with what is set for them.
  setting: `select setdatabase, setrole::regrole, setconfig from pg_db_role_setting where setrole::regrole::text <> 'backup_reader'`,
  'default grant': `select defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, (select string_agg(a::text, ' ' order by a::text) from aclexplode(defaclacl) as a) from pg_default_acl`,
};

/** @param except schemas to leave out. */
export async function describeDatabase(client: ClientBase, except: string[] = []): Promise<string[]> {
  const { rows: before } = await client.query("select current_setting('search_path') as path");
  await client.query("set search_path = ''");
  const lines: string[] = [];
  for (const [what, sql] of Object.entries(QUERIES)) {
    const { rows } = await client.query({
      text: `with s as (select * from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' and nspname <> all ($1)) ${
        /\bs\b/.test(sql.replaceAll(/'[^']*'/g, '')) ? sql : `select x.* from (${sql}) as x`
      }`,
      values: [except],
      rowMode: 'array',
    });
    lines.push(...rows.map((row) => `${what}: ${JSON.stringify(row)}`));
  }
  await client.query("select set_config('search_path', $1, false)", [before[0].path]);
  const isLeftOut = (line: string) =>
    except.some((schema) => line.startsWith(`trigger: ["${schema}.`) || line.startsWith(`policy: ["${schema}.`));
  return lines.filter((line) => !isLeftOut(line)).sort();
}

/** What pg_dump says; undefined where it is older than the server. */
export function dumpSchema(url: string, except: string[] = []): string | undefined {
  const place = new URL(url);
  const password = decodeURIComponent(place.password);
  place.password = '';
  const args = ['--schema-only', ...except.map((schema) => `--exclude-schema=${schema}`), place.href];
  const { status, stdout, stderr } = spawnSync('pg_dump', args, {
    env: { ...process.env, PGPASSWORD: password },
    encoding: 'utf8',
  });
  if (status !== 0 && stderr && !stderr.includes('server version mismatch')) throw new Error(stderr);
  // Newer ones begin with a word made at random.
  return status === 0 ? stdout.replace(/^\\(un)?restrict .*$/gm, '') : undefined;
}

/** Rows of each table in these schemas, with the largest of each, and where each sequence stands. */
export async function countData(client: ClientBase, schemas: string[]): Promise<Record<string, string>> {
  const { rows: tables } = await client.query<{ name: string; sql: string }>(
    `select c.relname as name, c.oid::regclass::text as sql from pg_class as c
     where c.relnamespace::regnamespace::text = any ($1) and c.relkind in ('r', 'p')`,
    [schemas],
  );
  const data: Record<string, string> = {};
  for (const { name, sql } of tables) {
    const { rows } = await client.query(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') as n from ${sql} as t`,
    );
    data[name] = rows[0].n;
  }
  const { rows } = await client.query<{ name: string; at: string }>(
    `select sequencename as name, coalesce(last_value, 0)::text as at from pg_sequences where schemaname = any ($1)`,
    [schemas],
  );
  for (const { name, at } of rows) data[name] = at;
  return data;
}
