// `ops tenant`, `ops device delete --readings` and `ops person` as an operator runs them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePerson } from '../provisioning/database/testing/world.ts';
import { type Commands, startCommands } from './testing/commands.ts';

let rig: Commands;
beforeAll(async () => {
  rig = await startCommands();
});
afterAll(() => rig?.stop());

const deletions = async () =>
  (await rig.database.admin.query('select kind, subject, asked_by, started_at from public.deletions order by asked_at'))
    .rows;

test('nothing is deleted without a confirmation', async () => {
  for (const args of [
    ['tenant', 'delete', 'acme'],
    ['device', 'delete', 'acme', 'pump', '--readings'],
    ['person', 'delete', 'ann@acme.example'],
  ])
    expect(await rig.ops(...args)).toMatchObject({ code: 1, err: 'nothing was deleted: to delete it, add --yes' });
  expect(await rig.ops('tenant', 'delete', 'nobody', '--yes')).toMatchObject({
    code: 1,
    err: 'there is no tenant "nobody": see "tenant list"',
  });
  expect(await deletions()).toEqual([]);
});

test('a tenant waits for 7 days, and is kept; at once it does not wait', async () => {
  expect((await rig.ops('tenant', 'delete', 'globex', '--yes')).code).toBe(0);
  expect((await rig.ops('tenant', 'list')).out).toMatch(/deletion of tenant globex: begins at 20/);
  expect(await rig.ops('tenant', 'keep', 'globex')).toMatchObject({ code: 0 });
  expect(await rig.ops('tenant', 'keep', 'globex')).toMatchObject({ code: 1 });
  const { out } = await rig.ops('tenant', 'delete', 'globex', '--at-once', '--yes');
  expect(Date.parse(out.split(' at ')[1]!)).toBeLessThanOrEqual(Date.now() + 60_000);
  await rig.database.admin.query('delete from public.deletions');
});

test('a device goes with its readings, also one that was deleted before', async () => {
  expect((await rig.ops('device', 'delete', 'acme', 'pump')).out).toBe('device acme.pump: deleted');
  for (const device of ['pump', 'fan'])
    expect(await rig.ops('device', 'delete', 'acme', device, '--readings', '--yes')).toMatchObject({ code: 0 });
  expect(await deletions()).toMatchObject([
    { kind: 'device', subject: 'pump', asked_by: 'operator' },
    { kind: 'device', subject: 'fan', asked_by: 'operator' },
  ]);
  expect(await rig.ops('device', 'delete', 'acme', 'nothing', '--readings', '--yes')).toMatchObject({ code: 1 });
  await rig.database.admin.query('delete from public.deletions');
});

test('a person goes, but not the only owner of a tenant; a tenant without an owner is listed', async () => {
  const { admin } = rig.database;
  const ann = await makePerson(admin, 'ann@acme.example');
  await admin.query(
    "insert into public.memberships (tenant_id, user_id, email, role) select id, $1, $2, 'owner' from public.tenants where slug = 'acme'",
    [ann.sub, ann.email],
  );
  expect(await rig.ops('person', 'delete', 'Ann@acme.example', '--yes')).toMatchObject({
    code: 1,
    err: expect.stringContaining('ann@acme.example is the only owner of acme: invite another owner'),
  });
  // As the auth service does it.
  await admin.query('delete from auth.users where id = $1', [ann.sub]);
  expect((await rig.ops('tenant', 'list')).out).toMatch(/acme .*no owner: npm run ops -- invite/);
  const bob = await makePerson(admin, 'bob@acme.example');
  expect(await rig.ops('person', 'delete', bob.email, '--yes')).toMatchObject({ code: 0 });
  expect((await admin.query('select from auth.users where id = $1', [bob.sub])).rowCount).toBe(0);
  expect((await rig.ops('tenant', 'list')).out).toMatch(/deletion of person bob@acme.example: begins at/);
});
