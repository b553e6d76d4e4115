// Dead letters end: what a tenant keeps is bounded in number and bytes, the rest is counted, and none goes uncounted.
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { removeTenant } from './registry.ts';
import { NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, type Tenant, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
let ingest: Client;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  ingest = await database.open('mqtt_ingest');
});
afterAll(() => database.stop());
beforeEach(() =>
  database.admin.query(`delete from public.dead_letters; delete from public.dead_letter_counts;
    update public.tenant_limits set max_dead_letters = null, max_dead_letter_bytes = null`),
);

let made = 0;
/** Keeps a batch of letters as ingest does. */
async function keep(
  tenant: Tenant | undefined,
  letters: { reason: string; bytes?: number }[],
  client = ingest,
  fingerprint = () => `f${made++}`,
): Promise<void> {
  const of = (value: unknown) => letters.map(() => value);
  await client.query('select ingest.keep_dead_letters($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
    of(tenant?.id ?? null),
    of(tenant?.device ?? null),
    of('t'),
    letters.map(({ bytes = 10 }) => Buffer.alloc(bytes)),
    of(null),
    letters.map(({ reason }) => reason),
    of(null),
    of(null),
    letters.map(fingerprint),
    of(new Date()),
    of(null),
    of(1),
  ]);
}
const many = (n: number, reason: string, bytes?: number) => Array.from({ length: n }, () => ({ reason, bytes }));

const OF = "tenant_id is not distinct from $1 or $1 is null and tenant_id = '00000000-0000-0000-0000-000000000000'";
async function kept(tenant: Tenant | undefined): Promise<Record<string, number>> {
  const { rows } = await database.admin.query(
    `select reason, count(*)::int as n from public.dead_letters where ${OF} group by 1 order by 1`,
    [tenant?.id ?? null],
  );
  return Object.fromEntries(rows.map(({ reason, n }) => [reason, n]));
}
/** Letters that are not there, by what became of them. */
async function counted(tenant: Tenant | undefined): Promise<{ not_kept: number; removed: number }> {
  const { rows } = await database.admin.query(
    `select coalesce(sum(not_kept), 0)::int as not_kept, coalesce(sum(removed), 0)::int as removed
     from public.dead_letter_counts where ${OF}`,
    [tenant?.id ?? null],
  );
  return rows[0];
}
const limit = (tenant: Tenant, column: string, value: number) =>
  database.admin.query(`update public.tenant_limits set ${column} = $2 where tenant_id = $1`, [tenant.id, value]);

it('a flood of one kind is kept up to the limit, and neither displaces the other kinds nor concerns another tenant', async () => {
  const { a, b } = world;
  await keep(b, many(50, 'not-json'));
  await limit(a, 'max_dead_letters', 200);
  await keep(a, many(5, 'unknown-device'));
  for (let batch = 0; batch < 20; batch++) await keep(a, many(1000, 'not-an-object'));
  const now = await kept(a);
  expect(now['unknown-device']).toBe(5);
  const total = now['not-an-object']! + 5;
  expect(total).toBeGreaterThanOrEqual(180);
  expect(total).toBeLessThanOrEqual(200);
  // Each of the 20,005 is there, or counted.
  const { not_kept, removed } = await counted(a);
  expect(total + not_kept + removed).toBe(20_005);
  expect(await kept(b)).toEqual({ 'not-json': 50 });
  expect(await counted(b)).toEqual({ not_kept: 0, removed: 0 });
});

it('the newest are kept', async () => {
  await limit(world.a, 'max_dead_letters', 100);
  for (let batch = 0; batch < 5; batch++) await keep(world.a, many(100, 'not-json'));
  const { rows } = await database.admin.query('select fingerprint from public.dead_letters order by id desc limit 1');
  expect(rows[0].fingerprint).toBe(`f${made - 1}`);
});

it('bytes are bounded, too, by one batch of the largest messages', async () => {
  await limit(world.a, 'max_dead_letter_bytes', 1_000_000);
  for (let batch = 0; batch < 3; batch++) await keep(world.a, many(30, 'too-deep', 131_072));
  const { rows } = await database.admin.query(
    'select coalesce(sum(octet_length(payload)), 0)::int as bytes from public.dead_letters where tenant_id = $1',
    [world.a.id],
  );
  expect(rows[0].bytes).toBeLessThanOrEqual(1_000_000);
  expect(rows[0].bytes).toBeGreaterThan(700_000);
});

it('at a limit of 0 all are counted and none is kept', async () => {
  await limit(world.a, 'max_dead_letters', 0);
  await keep(world.a, many(100, 'not-json'));
  expect(await kept(world.a)).toEqual({});
  const { not_kept, removed } = await counted(world.a);
  expect(not_kept + removed).toBe(100);
});

it('letters of no tenant have the platform’s limit', async () => {
  await database.admin.query('update access.platform_limits set max_dead_letters = 50');
  for (let batch = 0; batch < 3; batch++) await keep(undefined, many(60, 'bad-topic'));
  expect((await kept(undefined))['bad-topic']).toBeLessThanOrEqual(50);
  await database.admin.query('update access.platform_limits set max_dead_letters = 10000');
});

it('two writers at once stay within the limit', async () => {
  await limit(world.a, 'max_dead_letters', 100);
  const writers = [await database.open('mqtt_ingest'), await database.open('mqtt_ingest')];
  await Promise.all(
    writers.map(async (client) => {
      await client.query('begin');
      await keep(world.a, many(90, 'not-json'), client);
      await client.query('commit');
    }),
  );
  expect((await kept(world.a))['not-json']).toBeLessThanOrEqual(100);
});

/** Ends when the server has nothing to do for the client but to wait for a lock. */
const blocked = (client: Client) =>
  expect
    .poll(async () => {
      const { processID } = client as unknown as { processID: number };
      const { rows } = await database.admin.query('select cardinality(pg_blocking_pids($1)) as n', [processID]);
      return rows[0].n;
    })
    .toBeGreaterThan(0);

it('who discards a letter and who keeps its equal do not block each other', async () => {
  const { a } = world;
  await keep(a, many(1, 'not-json'), ingest, () => 'equal');
  const [writer, person] = [await database.open('mqtt_ingest'), await database.open()];
  await writer.query('begin');
  await keep(a, many(1, 'not-json'), writer);
  await person.query('begin');
  await person.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(a.owner)]);
  const discarding = person.query('select public.discard_dead_letters($1) as n', [a.id]);
  await blocked(person);
  await keep(a, many(1, 'not-json'), writer, () => 'equal');
  await writer.query('commit');
  expect((await discarding).rows).toEqual([{ n: 2 }]);
  await person.query('rollback');
});

it('who removes a tenant and who keeps the equal of one of its letters do not block each other', async () => {
  const { rows } = await database.admin.query(
    "insert into public.tenants (slug, name) values ('doomed', 'D') returning id",
  );
  const doomed = { id: rows[0].id, device: null } as unknown as Tenant;
  await keep(doomed, many(1, 'not-json'), ingest, () => 'of the doomed');
  const [writer, remover] = [await database.open('mqtt_ingest'), await database.open()];
  await writer.query('begin');
  await keep(doomed, many(1, 'not-json'), writer);
  const removing = removeTenant(remover, 'doomed');
  await blocked(remover);
  await keep(doomed, many(1, 'not-json'), writer, () => 'of the doomed');
  await writer.query('commit');
  await removing;
});

it('who deletes letters of several tenants and who keeps some do not block each other', async () => {
  const [first, last] = [world.a, world.b].toSorted((one, other) => (one.id < other.id ? -1 : 1)) as [Tenant, Tenant];
  // Many of the last: whatever order the planner chooses, it is not that of the ids by chance.
  await keep(last, many(5, 'not-json'));
  await keep(first, many(1, 'not-json'));
  const [writer, deleter] = [await database.open('mqtt_ingest'), await database.open()];
  await writer.query('begin');
  await keep(first, many(1, 'too-deep'), writer);
  const deleting = deleter.query('delete from public.dead_letters');
  await blocked(deleter);
  await keep(last, many(1, 'too-deep'), writer);
  await writer.query('commit');
  await deleting;
  expect(await kept(last)).toEqual({ 'too-deep': 1 });
});

it('what anyone deletes is counted; what was redriven is a row, and needs no count', async () => {
  await keep(world.a, many(3, 'not-json'));
  await database.admin.query(
    `update public.dead_letters set redriven_at = now(), redriven_as = 'stored'
     where id = (select min(id) from public.dead_letters where tenant_id = $1)`,
    [world.a.id],
  );
  await database.admin.query('delete from public.dead_letters');
  expect(await counted(world.a)).toEqual({ not_kept: 0, removed: 2 });
});

it('owners and staff discard one, some or all; the log says how many; others cannot', async () => {
  const { a, b } = world;
  await keep(a, [...many(3, 'not-json'), ...many(1200, 'too-deep')]);
  await keep(b, many(1, 'not-json'));
  const discard = async (person: Tenant['owner'], filter: string, values: unknown[] = []) =>
    (await database.asUser(person, `select public.discard_dead_letters($1${filter}) as n`, [a.id, ...values])).rows[0]
      .n;
  const { rows } = await database.admin.query(
    "select id from public.dead_letters where tenant_id = $1 and reason = 'not-json' limit 1",
    [a.id],
  );
  await expect(discard(a.viewer, '')).rejects.toMatchObject({ code: REFUSED });
  await expect(discard(b.owner, '')).rejects.toMatchObject({ code: NOT_FOUND });
  expect(await discard(a.staff, ', dead_letter_ids => $2', [[rows[0].id]])).toBe(1);
  expect(await discard(a.staff, ', reason => $2', ['not-json'])).toBe(2);
  expect(await discard(a.owner, ', device_id => $2', [b.device])).toBe(0);
  expect(await discard(a.owner, ", received_until => now() - interval '1 hour'")).toBe(0);
  expect(await discard(a.owner, '')).toBe(1000);
  expect(await discard(a.owner, '')).toBe(200);
  expect(await discard(a.owner, '')).toBe(0);
  expect(await counted(a)).toEqual({ not_kept: 0, removed: 1203 });
  expect(await kept(b)).toEqual({ 'not-json': 1 });
  const log = await database.admin.query(
    "select details from public.audit_log where tenant_id = $1 and action = 'dead_letters.discarded' order by id",
    [a.id],
  );
  expect(log.rows.map(({ details }) => details)).toEqual([
    { letters: 1 },
    { letters: 2, reason: 'not-json' },
    { letters: 1000 },
    { letters: 200 },
  ]);
});

it('a removed tenant leaves neither letters nor counts', async () => {
  const { b } = world;
  await keep(b, many(3, 'not-json'));
  await removeTenant(database.admin, b.slug);
  for (const table of ['public.dead_letters', 'public.dead_letter_counts', 'ingest.dead_letter_use']) {
    expect((await database.admin.query(`select from ${table} where tenant_id = $1`, [b.id])).rowCount).toBe(0);
  }
});
