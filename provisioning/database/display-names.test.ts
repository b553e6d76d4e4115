// A display name is judged alike in SQL and in the programs, wherever people can set one; names from before are cleaned.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDisplayName, REFUSED_IN_NAME } from '../../domain/identifiers.ts';
import { applyMigrations } from './apply.ts';
import { connect } from './connect.ts';
import { readMigrations } from './migrations.ts';
import { BAD_ARGUMENT, makeDatabase, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, SAMPLE_HASH, type World } from './testing/world.ts';

const from = (...points: number[]) => String.fromCodePoint(...points);

/** Names, and whether they are allowed. */
const VECTORS: [name: string, allowed: boolean][] = [
  ['Kühlraum 2, großer Saal', true],
  ['温度センサー', true],
  ['مستشعر', true],
  // An emoji joined by U+200D, and one with a variation selector at the end.
  [from(0x1f468, 0x200d, 0x1f373), true],
  [from(0x2744, 0xfe0f), true],
  [from(0x1f321).repeat(200), true],
  [from(0x1f321).repeat(201), false],
  ['', false],
  ['a', true],
  ...[0x01, 0x07, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f, 0x2028, 0x2029].map(refusedInside),
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].map(refusedInside),
  ...[0x20, 0xa0, 0x3000, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff].flatMap((point) => [
    vector(`${from(point)}pump`, false),
    vector(`pump${from(point)}`, false),
    vector(`pump${from(point)}1`, true),
    vector(from(point), false),
  ]),
];
function vector(name: string, allowed: boolean): [string, boolean] {
  return [name, allowed];
}
function refusedInside(point: number): [string, boolean] {
  return [`pump${from(point)}1`, false];
}

let database: TestDatabase;
let world: World;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
});
afterAll(() => database.stop());

it('is judged alike by SQL and by isDisplayName', async () => {
  const { rows } = await database.admin.query<{ allowed: boolean }>(
    'select access.is_display_name(name) as allowed from unnest($1::text[]) with ordinality as v (name, n) order by n',
    [VECTORS.map(([name]) => name)],
  );
  expect(rows.map(({ allowed }) => allowed)).toEqual(VECTORS.map(([, allowed]) => allowed));
  expect(VECTORS.map(([name]) => isDisplayName(name))).toEqual(VECTORS.map(([, allowed]) => allowed));
  // PostgreSQL has no text with NUL.
  expect(isDisplayName('a\0b')).toBe(false);
  const { rows: functions } = await database.admin.query(
    "select pg_get_functiondef('access.is_display_name(text)'::regprocedure) as text",
  );
  expect(functions[0].text).toContain(REFUSED_IN_NAME.source);
});

describe('a name that turns the text beside it is refused', () => {
  const bad = `pump${from(0x202e)}1`;
  const calls: Record<string, (world: World) => [sql: string, values: unknown[]]> = {
    create_tenant: () => ['select public.create_tenant($1, $2)', ['new', bad]],
    add_device: ({ a }) => ['select public.add_device($1, $2, $3, $4)', [a.id, 'new', bad, SAMPLE_HASH]],
    rename_device: ({ a }) => ['select public.rename_device($1, $2)', [a.device, bad]],
    'an alert rule': ({ a }) => [
      "insert into public.alert_rules (tenant_id, name, kind, window_minutes) values ($1, $2, 'missing', 5)",
      [a.id, bad],
    ],
    'a changed alert rule': ({ a }) => ['update public.alert_rules set name = $2 where id = $1', [a.rule, bad]],
  };
  it.each(Object.keys(calls))('in %s, in words', async (name) => {
    const [sql, values] = calls[name]!(world);
    await expect(database.asUser(world.a.owner, sql, values)).rejects.toMatchObject({
      code: BAD_ARGUMENT,
      message: 'the name is not allowed',
    });
  });

  it('and by the tables, from the superuser too', async () => {
    for (const table of ['tenants', 'devices', 'alert_rules']) {
      const change = database.admin.query(`update public.${table} set name = $1`, [bad]);
      await expect(change).rejects.toMatchObject({ code: '23514' });
    }
  });
});

it('names from before are kept as far as they are allowed', async () => {
  const url = await makeDatabase(database.postgres.url);
  const migrations = await readMigrations();
  const index = migrations.findIndex(({ name }) => name === 'display_names');
  await applyMigrations(url, { migrations: migrations.slice(0, index) });
  const client: Client = await connect(url);
  try {
    const names = [`a${from(0x202e)}b`, ` ${from(0x200b, 0x0a)}`, 'Pump 1', `${from(0xfeff)}x${from(0x07, 0x07)}y `];
    for (const [n, name] of names.entries())
      await client.query('insert into public.tenants (slug, name) values ($1, $2)', [`t${n}`, name]);
    await applyMigrations(url, { migrations: migrations.slice(0, index + 1) });
    const { rows } = await client.query<{ name: string }>('select name from public.tenants order by slug');
    expect(rows.map(({ name }) => name)).toEqual(['a b', 't1', 'Pump 1', 'x y']);
  } finally {
    await client.end();
  }
});
