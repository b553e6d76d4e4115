// The list of 10,000 devices, beside another tenant's 90,000: how many rows and blocks the database reads for it under row-level security.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person } from './testing/world.ts';

const DEVICES = 10_000;
let database: TestDatabase;
let ann: Person;
let tenant: string;

beforeAll(async () => {
  database = await startTestDatabase();
  ann = await makePerson(database.admin, 'ann@acme.example');
  const run = async (sql: string, values: unknown[] = []) => (await database.admin.query(sql, values)).rows;
  for (const [slug, count] of [
    ['acme', DEVICES],
    ['globex', 9 * DEVICES],
  ] as const) {
    const [made] = await run('insert into public.tenants (slug, name) values ($1, $1) returning id', [slug]);
    await run(
      `insert into public.devices (tenant_id, slug, name, tags)
       select $1, 'pump-' || n, 'Pump ' || n, case when n % 50 = 0 then '{floor-1}'::text[] else '{}' end from generate_series(1, $2) as n`,
      [made.id, count],
    );
    await run(
      `insert into public.device_status (tenant_id, device_id, last_received_at, gaps, fields)
       select $1, id, now() - random() * interval '20 minutes', array_fill(60::real, '{8}'), '{"t": [1, 1, 1]}'
       from public.devices where tenant_id = $1`,
      [made.id],
    );
    if (slug === 'acme') tenant = made.id;
  }
  await run(
    "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, 'ann@acme.example', 'staff')",
    [tenant, ann.sub],
  );
  await run('analyze');
});
afterAll(() => database.stop());

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Node[];
}

const PAGE = `select id, tenant_id, slug, name, name_key, enabled, created_at, tags, last_received_at from public.device_list
  where tenant_id = $1`;

/** Rows that are read of devices and of device_status, and blocks in all. */
async function readBy(sql: string): Promise<{ rows: number; blocks: number }> {
  const { rows } = await database.asUser(ann, `explain (analyze, buffers, format json) ${sql}`, [tenant]);
  const plan = rows[0]['QUERY PLAN'][0].Plan as Node;
  const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  const read = nodes(plan)
    .filter((node) => /^device(s|_status)$/.test(node['Relation Name'] ?? ''))
    .map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']);
  return {
    rows: read.reduce((sum, one) => sum + one, 0),
    blocks: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
  };
}

const NEAR_END =
  "(name_key > 'pump 0049900' or name_key = 'pump 0049900' and id > '00000000-0000-0000-0000-000000000000')";

it.each([
  ['the first page', `${PAGE} order by name_key, id limit 101`, 2 * 101, 1000],
  ['a page near the end', `${PAGE} and ${NEAR_END} order by name_key, id limit 101`, DEVICES + 101, 5000],
  ['a page of a tag', `${PAGE} and tags @> '{floor-1}' order by name_key, id limit 101`, 2 * DEVICES, 25_000],
  ['a search', `${PAGE} and words ilike '%999%' order by name_key, id limit 101`, 2 * DEVICES, 25_000],
  ['those heard last', `${PAGE} order by last_received_at desc, id desc limit 101`, 2 * DEVICES, 25_000],
  ['those that are quiet', `${PAGE} and state = 'quiet' order by name_key, id limit 101`, 2 * DEVICES, 50_000],
  [
    'how many are live',
    "select count(*) from public.device_list where tenant_id = $1 and state = 'live'",
    2 * DEVICES,
    25_000,
  ],
  ['the tags', 'select tag, devices from public.device_tags where tenant_id = $1 order by tag', DEVICES, 5000],
])('%s reads no more than it must', async (_, sql, rows, blocks) => {
  const read = await readBy(sql);
  expect(read.rows).toBeGreaterThan(0);
  expect(read.rows).toBeLessThanOrEqual(rows);
  expect(read.blocks).toBeLessThanOrEqual(blocks);
});

it('a thousand devices are one statement and one entry of the audit log', async () => {
  const { rows } = await database.admin.query(
    'select array_agg(id) as ids from (select id from public.devices where tenant_id = $1 limit 1000) as d',
    [tenant],
  );
  const entries = async () => (await database.admin.query('select count(*)::int as n from public.audit_log')).rows[0].n;
  const before = await entries();
  await database.asUser(ann, 'select public.set_devices_enabled($1, $2, false)', [tenant, rows[0].ids]);
  await database.asUser(ann, "select public.tag_devices($1, $2, '{many}')", [tenant, rows[0].ids]);
  await database.asUser(ann, 'select public.delete_devices($1, $2)', [tenant, rows[0].ids]);
  expect((await entries()) - before).toBe(3);
});
