// A table that the old ingest made again because its statement did not find the old one. Its rows go into the old one, and it is dropped.
import { type ClientBase, escapeIdentifier } from 'pg';

/** A table that exists twice: `home` is the old one, `stray` the new one. As SQL. */
export interface Twin {
  home: string;
  stray: string;
}

/**
 * Tables of one name in public and in the other schema.
 * @param moved what was moved there. @param platforms tables of the platform's own in public, which are not twins.
 */
export async function findTwins(
  client: ClientBase,
  schema: string,
  moved: string[],
  platforms: string[],
): Promise<Twin[]> {
  const { rows } = await client.query<{ name: string; sql: string }>(
    `select a.relname as name, quote_ident(a.relname) as sql from pg_class as a join pg_class as b using (relname)
     where a.relnamespace = 'public'::regnamespace and b.relnamespace = to_regnamespace($1)
       and a.relkind in ('r', 'p') and b.relkind in ('r', 'p') and a.relname <> all ($2) order by 1`,
    [escapeIdentifier(schema), platforms],
  );
  return rows.map(({ name, sql }) => {
    const [here, there] = [`public.${sql}`, `${escapeIdentifier(schema)}.${sql}`];
    return moved.includes(name) ? { home: there, stray: here } : { home: here, stray: there };
  });
}

/** Numbers from a sequence are given again. @returns how many rows were moved. @throws Error when their columns differ. */
export async function bringHome(client: ClientBase, { home, stray }: Twin): Promise<number> {
  await client.query(`lock table ${home}, ${stray} in access exclusive mode`);
  const { rows } = await client.query<{ columns: string | null }>(
    `select string_agg(quote_ident(s.attname), ', ' order by s.attnum) as columns
     from pg_attribute as s join pg_attribute as h on h.attrelid = $1::regclass and h.attname = s.attname and h.attnum > 0
     left join pg_attrdef as d on d.adrelid = s.attrelid and d.adnum = s.attnum
     where s.attrelid = $2::regclass and s.attnum > 0 and not s.attisdropped and s.attidentity = '' and s.attgenerated = ''
       and coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ '^nextval'`,
    [home, stray],
  );
  const columns = rows[0]?.columns;
  // What a unique index of the old table refuses, the ingest has sent twice.
  const moved = columns
    ? await client.query(`insert into ${home} (${columns}) select ${columns} from ${stray} on conflict do nothing`)
    : undefined;
  await client.query(`drop table ${stray}`);
  return moved?.rowCount ?? 0;
}
