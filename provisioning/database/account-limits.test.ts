// What a signed-in person may make at most: tenants of their own, and devices in a tenant. The operator is not bound.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addDevice } from './registry.ts';
import { become, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person, SAMPLE_HASH } from './testing/world.ts';

let database: TestDatabase;
let ann: Person;

beforeAll(async () => {
  database = await startTestDatabase();
  ann = await makePerson(database.admin, 'ann@acme.example');
});
afterAll(() => database.stop());

const makeTenant = async (person: Person, slug: string): Promise<string> =>
  (await database.asUser(person, 'select public.create_tenant($1, $1) as id', [slug])).rows[0].id;
const makeDevice = (tenant: string, slug: string) =>
  database.asUser(ann, 'select public.add_device($1, $2, $2, $3)', [tenant, slug, SAMPLE_HASH]);
const limit = (column: string, value: number) =>
  database.admin.query(`update access.platform_limits set ${column} = $1`, [value]);

it('a person makes five tenants by default, and is told at the sixth; also after giving one away', async () => {
  for (const n of [1, 2, 3, 4]) await makeTenant(ann, `ann-${n}`);
  const fifth = await makeTenant(ann, 'ann-5');
  const bob = await makePerson(database.admin, 'bob@acme.example');
  await database.admin.query(
    "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')",
    [fifth, bob.sub, bob.email],
  );
  await database.asUser(ann, 'select public.remove_member($1, $2)', [fifth, ann.sub]);
  await expect(makeTenant(ann, 'ann-6')).rejects.toMatchObject({
    code: REFUSED,
    message: 'you have made 5 tenants, as many as one person may make here',
  });
  await makeTenant(bob, 'bob-1');
});

it('two tenants asked for at once are counted one after the other', async () => {
  await limit('tenants_per_person', 1);
  const eve = await makePerson(database.admin, 'eve@evil.example');
  const clients = [await database.open(), await database.open()];
  for (const client of clients) {
    await client.query('begin');
    await become(client, 'authenticated', eve);
  }
  const [first, second] = clients as [(typeof clients)[0], (typeof clients)[0]];
  await first.query("select public.create_tenant('eve-1', 'Eve')");
  const late = expect(second.query("select public.create_tenant('eve-2', 'Eve')")).rejects.toMatchObject({
    code: REFUSED,
  });
  await first.query('commit');
  await late;
  await second.query('rollback');
});

it('two devices asked for at once are counted one after the other', async () => {
  const { rows } = await database.admin.query("select id from public.tenants where slug = 'ann-2'");
  const tenant = rows[0].id;
  await database.admin.query('insert into public.tenant_limits (tenant_id, max_devices) values ($1, 1)', [tenant]);
  const clients = [await database.open(), await database.open()];
  for (const client of clients) {
    await client.query('begin');
    await become(client, 'authenticated', ann);
  }
  const [first, second] = clients as [(typeof clients)[0], (typeof clients)[0]];
  const add = 'select public.add_device($1, $2, $2, $3)';
  await first.query(add, [tenant, 'one', SAMPLE_HASH]);
  const late = expect(second.query(add, [tenant, 'two', SAMPLE_HASH])).rejects.toMatchObject({ code: REFUSED });
  await first.query('commit');
  await late;
  await second.query('rollback');
});

it('at 0 only the operator makes tenants', async () => {
  await limit('tenants_per_person', 0);
  const carl = await makePerson(database.admin, 'carl@acme.example');
  await expect(makeTenant(carl, 'carl-1')).rejects.toMatchObject({
    code: REFUSED,
    message: "tenants are made by the platform's operator here",
  });
  await addDevice(database.admin, { tenant: 'operators', device: 'pump', createTenant: true });
});

it('a tenant has as many devices as the platform allows, or as its own limit says; the operator adds more', async () => {
  const { rows } = await database.admin.query("select id from public.tenants where slug = 'ann-1'");
  const tenant = rows[0].id;
  await limit('devices_per_tenant', 2);
  await makeDevice(tenant, 'one');
  await makeDevice(tenant, 'two');
  await expect(makeDevice(tenant, 'three')).rejects.toMatchObject({
    code: REFUSED,
    message: 'this tenant has 2 devices, as many as it may have',
  });
  await database.admin.query('insert into public.tenant_limits (tenant_id, max_devices) values ($1, 3)', [tenant]);
  await makeDevice(tenant, 'three');
  await expect(makeDevice(tenant, 'four')).rejects.toMatchObject({ code: REFUSED });
  await addDevice(database.admin, { tenant: 'ann-1', device: 'four' });
});

it('without its row of limits the platform lets people make nothing', async () => {
  const { rows } = await database.admin.query("select id from public.tenants where slug = 'ann-3'");
  await database.admin.query('delete from access.platform_limits');
  const dora = await makePerson(database.admin, 'dora@acme.example');
  await expect(makeTenant(dora, 'dora-1')).rejects.toMatchObject({ code: REFUSED });
  await expect(makeDevice(rows[0].id, 'one')).rejects.toMatchObject({ code: REFUSED });
});
