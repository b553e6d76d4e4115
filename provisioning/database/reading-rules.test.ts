// How a tenant's messages are read, and what a hash of a device key may be: set by people, held by the database.
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { BAD_ARGUMENT, NOT_FOUND, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, SAMPLE_HASH, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  await database.admin.query('delete from public.reading_rules');
});
afterAll(() => database.stop());

describe('rules', () => {
  const set = (rules: Record<string, unknown>) => {
    const named = Object.keys(rules).map((name, n) => `${name} => $${n + 1}`);
    return database.asUser(world.a.owner, `select public.set_reading_rules(${named})`, Object.values(rules));
  };
  const inForce = async (device: string) =>
    (
      await database.admin.query(
        'select time_members, senml, repairs_clock, repeat_ms from ingest.registered_devices where device_id = $1',
        [device],
      )
    ).rows[0];

  it('of a device go before those of its tenant, and say nothing where they are null', async () => {
    const { id, device } = world.a;
    expect(await inForce(device)).toEqual({ time_members: null, senml: null, repairs_clock: null, repeat_ms: null });
    await set({ tenant_id: id, time_members: ['Time', 'params.ts'], repairs_clock: true, repeat_ms: 0 });
    await set({ tenant_id: id, device_id: device, time_members: [], senml: true });
    expect(await inForce(device)).toEqual({ time_members: [], senml: true, repairs_clock: true, repeat_ms: 0 });
    // Set as a whole, each time.
    await set({ tenant_id: id, device_id: device, repeat_ms: 5000 });
    expect(await inForce(device)).toEqual({
      time_members: ['Time', 'params.ts'],
      senml: null,
      repairs_clock: true,
      repeat_ms: 5000,
    });
    expect(await inForce(world.b.device)).toMatchObject({ time_members: null });
    await database.admin.query('delete from public.devices where id = $1', [device]);
    expect((await database.admin.query('select from public.reading_rules')).rowCount).toBe(1);
  });

  test.each([
    ['nine members', { time_members: Array(9).fill('t') }],
    ['a member without a name', { time_members: [''] }],
    ['a member with a comma', { time_members: ['a,b'] }],
    ['a member that is null', { time_members: ['a', null] }],
    ['a negative window', { repeat_ms: -1 }],
    ['a window of more than a minute', { repeat_ms: 60_001 }],
  ])('are refused: %s', async (_, rule) => {
    await expect(set({ tenant_id: world.a.id, ...rule })).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it('are not set on a device of another tenant', async () => {
    const foreign = { tenant_id: world.a.id, device_id: world.b.device };
    await expect(set(foreign)).rejects.toMatchObject({ code: NOT_FOUND });
  });
});

describe('a hash of a key', () => {
  const withRounds = (rounds: string) => SAMPLE_HASH.replace('$101$', `$${rounds}$`);
  const add = (hash: string, slug: string) =>
    database.asUser(world.a.owner, 'select public.add_device($1, $2, $2, $3) as id', [world.a.id, slug, hash]);

  test.each(['1', '101', '1000'])('may have %s rounds', async (rounds) => {
    await add(withRounds(rounds), `rounds-${rounds}`);
  });

  test.each([
    ...['0', '1001', '2000', '20000000', '999999999', '-1', '1e3', ''].map(withRounds),
    SAMPLE_HASH.replace('$7$', '$6$'),
    `${SAMPLE_HASH}\nsvc-ingest:x`,
    SAMPLE_HASH.slice(0, -3),
    'a-key',
  ])('is refused wherever it comes in: %j', async (hash) => {
    await expect(add(hash, 'bad')).rejects.toMatchObject({ code: BAD_ARGUMENT });
    const { rows } = await database.admin.query("select id from public.devices where slug = 'rounds-1'");
    const rotate = database.asUser(world.a.owner, 'select public.rotate_device($1, $2)', [rows[0].id, hash]);
    await expect(rotate).rejects.toMatchObject({ code: BAD_ARGUMENT });
    const direct = 'insert into public.device_credentials (tenant_id, device_id, password_hash) values ($1, $2, $3)';
    await database.admin.query('update public.device_credentials set revoked_at = now() where device_id = $1', [
      rows[0].id,
    ]);
    await expect(database.admin.query(direct, [world.a.id, rows[0].id, hash])).rejects.toMatchObject({ code: '23514' });
    const service =
      "insert into broker.service_accounts (username, purpose, password_hash) values ('svc-x', 'control', $1)";
    await expect(database.admin.query(service, [hash])).rejects.toMatchObject({ code: '23514' });
  });
});
