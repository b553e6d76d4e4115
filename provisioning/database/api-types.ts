// The API's tables, views and functions as TypeScript, from the catalogue of a migrated database, in the format of Supabase's own
// generator: what a signed-in person (authenticated) or a visitor (anon) may read, write and call, and nothing else.
import type { Client } from 'pg';

/** Values that can be null although the catalogue does not say so: columns of functions and views, and arguments. */
const MAY_BE_NULL = [
  'ingest_spans.latency_ms_avg',
  'ingest_spans.latency_ms_max',
  'ingest_status.last_row_at',
  'ingest_status.last_run_at',
  'invitation_facts.inviter',
  'discard_dead_letters.dead_letter_ids',
  'discard_dead_letters.device_id',
  'discard_dead_letters.reason',
  'discard_dead_letters.received_since',
  'discard_dead_letters.received_until',
  'limits_in_use.most',
  'limits_in_use.until',
  'limits_in_use.used',
  'notification_sender.mail_from',
  'set_notification_route.quiet_from',
  'set_notification_route.quiet_until',
  'set_notification_route.repeat_minutes',
  'try_alert_rule.comparison',
  'try_alert_rule.device_id',
  'try_alert_rule.field',
  'try_alert_rule.threshold',
];

/** The JSON types that PostgREST writes, by Postgres' type. The page itself must check the content of a jsonb. */
const TYPES: Record<string, string> = {
  bigint: 'number',
  boolean: 'boolean',
  bytea: 'string',
  date: 'string',
  'double precision': 'number',
  integer: 'number',
  jsonb: 'unknown',
  real: 'number',
  text: 'string',
  'time without time zone': 'string',
  'timestamp with time zone': 'string',
  uuid: 'string',
  void: 'undefined',
};

interface Column {
  relation: string;
  isView: boolean;
  name: string;
  type: string;
  isNullable: boolean;
  /** Postgres fills it in. */
  isOptional: boolean;
  canSelect: boolean;
  canInsert: boolean;
  canUpdate: boolean;
}

interface Routine {
  name: string;
  /** Of its result, if it has no columns. */
  type: string;
  parameters: { name: string; type: string; isColumn: boolean; isOptional: boolean }[];
}

const may = (privilege: string) =>
  `(has_column_privilege('authenticated', c.oid, a.attnum, '${privilege}')
    or has_column_privilege('anon', c.oid, a.attnum, '${privilege}'))`;

const COLUMNS = `
  select c.relname as relation, c.relkind = 'v' as "isView", a.attname as name, format_type(a.atttypid, null) as type,
    not a.attnotnull as "isNullable", a.atthasdef or a.attidentity <> '' as "isOptional",
    ${may('select')} as "canSelect", ${may('insert')} as "canInsert", ${may('update')} as "canUpdate"
  from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and ${may('select, insert, update')}
  order by c.relname collate "C", a.attname collate "C"`;

const ROUTINES = `
  select p.proname as name, format_type(p.prorettype, null) as type, coalesce(
    json_agg(json_build_object('name', p.proargnames[n], 'type', format_type(t, null),
      'isColumn', coalesce(p.proargmodes[n] = 't', false), 'isOptional', n > p.pronargs - p.pronargdefaults) order by n)
    filter (where t is not null), '[]') as parameters
  from pg_proc as p
  left join lateral unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as x (t, n) on true
  where p.pronamespace = 'public'::regnamespace
    and (has_function_privilege('authenticated', p.oid, 'execute') or has_function_privilege('anon', p.oid, 'execute'))
  group by p.oid order by p.proname collate "C", p.oid`;

/** Checks of one column against a list of texts. */
const WORDS = `
  select c.conrelid::regclass::text as relation, a.attname as column, c.words
  from (
    select conrelid, conkey, array(select m[1] from regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''::text', 'g') as m) as words
    from pg_constraint
    where connamespace = 'public'::regnamespace and contype = 'c' and cardinality(conkey) = 1
      and pg_get_constraintdef(oid) ~ '^CHECK \\(\\(\\w+ = ANY \\(ARRAY\\[[^\\]]*\\]\\)\\)\\)$'
  ) as c
  join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]`;

/** The text of apps/dashboard/features/session/database.ts. @throws Error for an unknown type, or an exception that is not needed. */
export async function renderApiTypes(client: Client): Promise<string> {
  const { rows: columns } = await client.query<Column>(COLUMNS);
  const { rows: routines } = await client.query<Routine>(ROUTINES);
  const { rows: words } = await client.query<{ relation: string; column: string; words: string[] }>(WORDS);
  const unused = new Set(MAY_BE_NULL);

  /** The values that a column may have. A function's text has the meaning of the tables' columns with its name. */
  const wordsOf = (name: string, type: string, relation?: string) => {
    const found = words.filter(
      ({ column, relation: of }) => type === 'text' && column === name && (relation ?? of) === of,
    );
    const meanings = new Set(found.map(({ words: each }) => each.map((word) => `'${word}'`).join(' | ')));
    return meanings.size === 1 ? [...meanings][0] : undefined;
  };
  const typeOf = (type: string, of: string): string => {
    if (type.endsWith('[]')) return `${typeOf(type.slice(0, -2), of)}[]`;
    const found = TYPES[type];
    if (!found) throw new Error(`${of} is of type ${type}: say in TYPES what PostgREST makes of it`);
    return found;
  };
  const orNull = (type: string, isNullable: boolean) => (isNullable && type !== 'unknown' ? `${type} | null` : type);
  const excepted = (path: string) => {
    unused.delete(path);
    return MAY_BE_NULL.includes(path);
  };
  const field = (name: string, type: string, isOptional = false) => `${name}${isOptional ? '?' : ''}: ${type};`;

  const cell = ({ relation, isView, name, type, isNullable }: Column) => {
    const path = `${relation}.${name}`;
    const isNull = isView ? excepted(path) : isNullable;
    return orNull(wordsOf(name, type, relation) ?? typeOf(type, path), isNull);
  };
  const parameter = (routine: string, { name, type, isOptional, isColumn }: Routine['parameters'][number]) => {
    const path = `${routine}.${name}`;
    return field(name, orNull(wordsOf(name, type) ?? typeOf(type, path), excepted(path)), isOptional && !isColumn);
  };
  const relation = (name: string) => {
    const own = columns.filter((column) => column.relation === name);
    const part = (key: string, fields: string[]) => (fields.length > 0 ? block(key, fields) : [`${key}: never;`]);
    return block(name, [
      ...part(
        'Row',
        own.filter(({ canSelect }) => canSelect).map((column) => field(column.name, cell(column))),
      ),
      ...part(
        'Insert',
        own
          .filter(({ canInsert }) => canInsert)
          .map((column) => field(column.name, cell(column), column.isOptional || column.isNullable)),
      ),
      ...part(
        'Update',
        own.filter(({ canUpdate }) => canUpdate).map((column) => field(column.name, cell(column), true)),
      ),
      'Relationships: [];',
    ]);
  };
  const routine = ({ name, type, parameters }: Routine) => {
    const given = parameters.filter(({ isColumn }) => !isColumn).map((each) => parameter(name, each));
    const returned = parameters.filter(({ isColumn }) => isColumn).map((each) => parameter(name, each));
    return block(name, [
      ...(given.length > 0 ? block('Args', given) : ['Args: never;']),
      ...(returned.length > 0 ? block('Returns', returned, '[]') : [`Returns: ${typeOf(type, name)};`]),
    ]);
  };
  const names = (isView: boolean) => [
    ...new Set(columns.filter((column) => column.isView === isView).map((column) => column.relation)),
  ];

  const text = block('public', [
    ...block('Tables', names(false).flatMap(relation)),
    ...block('Views', names(true).flatMap(relation)),
    ...block('Functions', routines.flatMap(routine)),
  ]);
  if (unused.size > 0) throw new Error(`MAY_BE_NULL names what is not in the API: ${[...unused].join(', ')}`);
  return `${[HEADER, 'export type Database = {', ...indented(text), '};'].join('\n')}\n`;
}

const HEADER = `// What the API has for people and visitors: made from the database's catalogue by provisioning/database/api-types.ts. After a
// migration: npx vitest run provisioning/database/api-types.test.ts --update`;

const indented = (lines: string[]) => lines.map((line) => `  ${line}`);
const block = (name: string, lines: string[], suffix = '') => [`${name}: {`, ...indented(lines), `}${suffix};`];
