// One tenant's large deletion, or many requests, beside others: how much is locked or handed out at a time, and whose turn it is.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
});
afterAll(() => database.stop());

const rowsOf = async (sql: string, values: unknown[] = []) => (await database.admin.query(sql, values)).rows;

it('a statement deletes at most 1,000 devices', async () => {
  const ids = await rowsOf('select gen_random_uuid() as id from generate_series(1, 1001)');
  await expect(
    database.asUser(world.a.owner, 'select public.delete_devices($1, $2)', [world.a.id, ids.map(({ id }) => id)]),
  ).rejects.toMatchObject({ hint: 'Send 1 to 1000 ids at a time.' });
});

it('sessions of deleted devices are ended in turn, a tenant’s oldest first', async () => {
  await database.admin.query(`
    delete from ingest.sessions_of_deleted;
    insert into ingest.sessions_of_deleted (tenant_slug, device_slug, next_at)
      select 'large', 'd' || lpad(n::text, 5, '0'), now() - interval '1 hour' from generate_series(1, 10000) as n;
    insert into ingest.sessions_of_deleted (tenant_slug, device_slug, next_at) values
      ('small', 'b', now() - interval '1 second'), ('small', 'a', now() - interval '2 seconds'), ('late', 'c', now() + interval '1 minute')`);
  const names = await rowsOf("select tenant_slug || '.' || device_slug as name from ingest.sessions_to_end(5)");
  expect(names.map(({ name }) => name)).toEqual(['large.d00001', 'small.a', 'large.d00002', 'small.b', 'large.d00003']);
});

it('the archive is asked for 20 requests at a time, the oldest first', async () => {
  const tenants = await rowsOf(
    "insert into public.tenants (slug, name) select 'asks-' || n, 'Asks' from generate_series(1, 25) as n returning id",
  );
  await database.admin.query('delete from public.archive_requests');
  for (const { id } of tenants)
    await database.admin.query(
      'insert into public.archive_requests (tenant_id, first_day, last_day) values ($1, current_date, current_date)',
      [id],
    );
  const asked = await rowsOf('select tenant_id as id from ingest.asked_objects()');
  expect(asked).toEqual(tenants.slice(0, 20));
});
