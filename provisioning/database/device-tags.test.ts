// Tags of devices, the order of their list, and what is done to many devices at once: rights, bounds and audit.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceState } from '../../apps/dashboard/features/devices/state.ts';
import { isTag, MAX_TAGS, normalTags } from '../../domain/tags.ts';
import { BAD_ARGUMENT, NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, makeWorld, type Person, SAMPLE_HASH, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
let staff: Person;
beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  staff = await makePerson(database.admin, 'many@acme.example');
  await sql(
    "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, 'many@acme.example', 'staff')",
    [world.a.id, staff.sub],
  );
});
afterAll(() => database.stop());

const sql = async (text: string, values: unknown[] = []) => (await database.admin.query(text, values)).rows;
const as = async (person: Person, text: string, values: unknown[] = []) =>
  (await database.asUser(person, text, values)).rows;

/** Adds devices to tenant A. @returns their ids, by slug. */
async function added(...slugs: string[]): Promise<string[]> {
  const rows = await sql(
    `insert into public.devices (tenant_id, slug, name) select $1, s, s from unnest($2::text[]) as s returning id, slug`,
    [world.a.id, slugs],
  );
  return slugs.map((slug) => rows.find((row) => row.slug === slug)!.id);
}

const tag = (person: Person, ids: string[], plus: string[], minus: string[] = []) =>
  as(person, 'select public.tag_devices($1, $2, $3, $4) as changed', [world.a.id, ids, plus, minus]);
const tagsOf = async (...ids: string[]) =>
  (await sql('select tags from public.devices where id = any ($1::uuid[]) order by slug', [ids])).map(
    (row) => row.tags,
  );
const entriesAfter = (id: number) =>
  sql('select action, subject, details, actor_email from public.audit_log where id > $1 order by id', [id]);
const lastEntry = async () => Number((await sql('select max(id) as id from public.audit_log'))[0]!.id);

it.each([
  [
    [' Floor 2 ', 'floor-2', 'b', 'A'],
    ['a', 'b', 'floor-2'],
  ],
  [[], []],
  [['', '  '], []],
  [
    ['line:1', 'x.y_z'],
    ['line:1', 'x.y_z'],
  ],
])('%j are kept as %j, in SQL and in the programs', async (given, kept) => {
  expect(normalTags(given)).toEqual(kept);
  expect(kept.every(isTag)).toBe(true);
  expect((await sql('select access.normal_tags($1) as tags', [given]))[0]!.tags).toEqual(kept);
});

it.each([['ä'], ['-a'], ['a,b'], ['a"b'], ['x'.repeat(33)], ['a/b']])('%j is not a tag', async (wrong) => {
  expect(isTag(normalTags([wrong])[0]!)).toBe(false);
  expect((await sql('select access.are_tags(access.normal_tags($1)) as good', [[wrong]]))[0]!.good).toBe(false);
});

it.each(['{b,a}', '{a,a}', '{a,null}', '{{a,b}}', '[0:0]={a}', '{"a,b"}', '{""}', '{a,B}'])(
  '%s is not kept as tags',
  async (array) => {
    expect((await sql('select access.are_tags($1::text[]) as good', [array]))[0]!.good).toBe(false);
  },
);

it('sorts numbers by their value, whatever their length', async () => {
  const names = [
    'pump',
    'Pump-1',
    'pump-2',
    'pump-2-a',
    'pump-10',
    'pump-10000000000000000000000',
    'pump-a',
    'valve 007',
  ];
  const rows = await sql('select n from unnest($1::text[]) as n order by access.natural_key(n) collate "C"', [
    names.toReversed(),
  ]);
  expect(rows.map(({ n }) => n)).toEqual(names);
  const longest = `${'😀1'.repeat(100)}`;
  const [device] = await added('long');
  await sql('update public.devices set name = $2 where id = $1', [device, longest]);
});

it('tags are added to and taken from devices, and other people’s devices are passed over', async () => {
  const [one, other] = await added('tag-1', 'tag-2');
  expect(await tag(staff, [one!, other!, world.b.device], ['Floor 2', 'hot'])).toEqual([{ changed: 2 }]);
  expect(await tag(staff, [one!], ['new'], ['HOT'])).toEqual([{ changed: 1 }]);
  expect(await tagsOf(one!, other!)).toEqual([
    ['floor-2', 'new'],
    ['floor-2', 'hot'],
  ]);
  expect(await tag(staff, [one!, other!], ['floor-2'])).toEqual([{ changed: 0 }]);
  expect(await as(staff, "select tag, devices from public.device_tags where tag like 'floor%'")).toEqual([
    { tag: 'floor-2', devices: 2 },
  ]);
  expect((await sql('select tags from public.devices where id = $1', [world.b.device]))[0]!.tags).toEqual(['hot']);
});

it('no device gets more tags than it may have, and then none is changed', async () => {
  const [full, free] = await added('full', 'free');
  const many = Array.from({ length: MAX_TAGS }, (_, n) => `t${n}`);
  await tag(staff, [full!], many);
  await expect(tag(staff, [free!, full!], ['more'])).rejects.toMatchObject({
    code: BAD_ARGUMENT,
    message: expect.stringContaining('"full"'),
  });
  expect(await tagsOf(free!)).toEqual([[]]);
  await expect(tag(staff, [free!], [...many, 'more'])).rejects.toMatchObject({ code: BAD_ARGUMENT });
  await expect(tag(staff, [free!], ['not ä tag'])).rejects.toMatchObject({ code: BAD_ARGUMENT });
  await expect(sql("update public.devices set tags = '{B,a}' where id = $1", [free])).rejects.toMatchObject({
    code: '23514',
  });
});

// Few rows are compared one by one, many column by column.
it.each([3, 150])('%d at once are one entry of the audit log, which names them and what changed', async (count) => {
  const devices = Array.from({ length: count }, (_, n) => `bulk-${1000 + n}`);
  const ids = await added(...devices);
  await tag(staff, [ids[0]!], ['old']);
  const before = await lastEntry();
  const enable = 'select public.set_devices_enabled($1, $2, $3) as changed';
  expect(await as(staff, enable, [world.a.id, ids, false])).toEqual([{ changed: count }]);
  await as(staff, enable, [world.a.id, ids, false]);
  await tag(staff, ids, ['new'], ['old']);
  await as(staff, enable, [world.a.id, ids.slice(0, 1), true]);
  expect(await as(staff, 'select public.delete_devices($1, $2) as gone', [world.a.id, ids])).toEqual([{ gone: count }]);
  expect(await entriesAfter(before)).toEqual(
    [
      { action: 'devices.changed', subject: null, details: { count, devices, enabled: { to: false } } },
      {
        action: 'devices.changed',
        subject: null,
        details: { count, devices, tags: { added: ['new'], removed: ['old'] } },
      },
      { action: 'device.changed', subject: devices[0], details: { enabled: { from: false, to: true } } },
      { action: 'devices.deleted', subject: null, details: { count, devices } },
    ].map((entry) => ({ ...entry, actor_email: staff.email })),
  );
});

it('an entry of the audit log names at most 1,000 devices', async () => {
  const [{ id }] = await sql("insert into public.tenants (slug, name) values ('audited', 'Audited') returning id");
  await sql(
    `insert into public.devices (tenant_id, slug, name) select $1, 'd-' || n, 'D' from generate_series(1000, 2000) as n`,
    [id],
  );
  const before = await lastEntry();
  await sql('update public.devices set enabled = false where tenant_id = $1', [id]);
  await sql('delete from public.devices where tenant_id = $1', [id]);
  expect(
    (await entriesAfter(before)).map(({ action, details }) => [action, details.count, details.devices.at(-1)]),
  ).toEqual([
    ['devices.changed', 1000, 'd-1999'],
    ['devices.changed', 1, 'd-2000'],
    ['devices.deleted', 1000, 'd-1999'],
    ['devices.deleted', 1, 'd-2000'],
  ]);
});

it('a viewer may not, a stranger is told nothing, and too many at once are refused', async () => {
  const ids = await added('rights-1');
  const { viewer } = world.a;
  await expect(tag(viewer, ids, ['a'])).rejects.toMatchObject({ code: REFUSED });
  await expect(tag(world.b.owner, ids, ['a'])).rejects.toMatchObject({ code: NOT_FOUND });
  await expect(tag(staff, Array(10_001).fill(ids[0]), ['a'])).rejects.toMatchObject({ code: BAD_ARGUMENT });
  await expect(tag(staff, [], ['a'])).rejects.toMatchObject({ code: BAD_ARGUMENT });
});

const importInto = (person: Person, devices: object[]) =>
  as(person, 'select public.import_devices($1, $2) as added', [world.a.id, JSON.stringify(devices)]);
const toImport = (slug: string, more: object = {}) => ({ slug, name: slug, password_hash: SAMPLE_HASH, ...more });

it('an import adds all or none, with tags and keys, and the same again changes nothing', async () => {
  const before = await lastEntry();
  const devices = [toImport('imported-1', { tags: ['Hot', 'b'] }), toImport('imported-2')];
  expect(await importInto(staff, devices)).toEqual([{ added: 2 }]);
  expect(await importInto(staff, devices)).toEqual([{ added: 0 }]);
  expect((await entriesAfter(before)).map(({ action, details }) => [action, details.count])).toEqual([
    ['devices.created', 2],
    ['device_keys.created', 2],
  ]);
  expect(
    await sql(
      `select d.slug, d.tags, c.password_hash = $1 as keyed from public.devices as d
       join public.device_credentials as c on c.device_id = d.id and c.revoked_at is null where slug like 'imported-%' order by 1`,
      [SAMPLE_HASH],
    ),
  ).toEqual([
    { slug: 'imported-1', tags: ['b', 'hot'], keyed: true },
    { slug: 'imported-2', tags: [], keyed: true },
  ]);
  const other = SAMPLE_HASH.replace(/A/, 'B');
  for (const wrong of [
    toImport('imported-2', { password_hash: other }),
    toImport('Not a slug'),
    toImport('x', { name: '' }),
    toImport('x', { tags: ['ä'] }),
    toImport('x', { password_hash: 'a key' }),
    toImport('imported-3'),
  ]) {
    await expect(importInto(staff, [toImport('imported-3'), wrong]), JSON.stringify(wrong)).rejects.toThrow();
  }
  expect(await sql("select from public.devices where slug in ('imported-3', 'x')")).toHaveLength(0);
  const many = Array.from({ length: 1001 }, (_, n) => toImport(`many-${n}`));
  for (const list of [[], many, [toImport('large', { name: 'x'.repeat(4_194_304) })]]) {
    await expect(importInto(staff, list)).rejects.toMatchObject({
      code: BAD_ARGUMENT,
      message: 'an import is a list of 1 to 1000 devices, of at most 4 MiB',
    });
  }
  await expect(importInto(world.a.viewer, devices)).rejects.toMatchObject({ code: REFUSED });
});

it('an import beyond the tenant’s limit adds nothing', async () => {
  const [{ used }] = (await sql('select count(*)::int as used from public.devices where tenant_id = $1', [
    world.a.id,
  ])) as [{ used: number }];
  await sql("update access.temporary_limits set value = $2 where tenant_id = $1 and name = 'max_devices'", [
    world.a.id,
    used + 1,
  ]);
  await expect(importInto(staff, [toImport('over-1'), toImport('over-2')])).rejects.toThrow(
    `this tenant has ${used} devices, its limit is ${used + 1}`,
  );
  expect(await importInto(staff, [toImport('over-1')])).toEqual([{ added: 1 }]);
});

it.each([
  ['none', null, 'quiet'],
  ['1 minute', '{}', 'live'],
  ['3 minutes', '{}', 'quiet'],
  ['3 minutes', '{90}', 'live'],
  ['10 minutes', '{300,300,9000}', 'live'],
  ['16 minutes', '{300,300,9000}', 'quiet'],
])('a device heard %s ago with the gaps %j is %s, as on its page', async (age, gaps, state) => {
  const [device] = await added(`state-${age.replace(' ', '-')}-${state}-${String(gaps).length}`);
  const last = age === 'none' ? undefined : new Date(Date.now() - Number.parseInt(age, 10) * 60_000);
  if (last) {
    await sql(
      'insert into public.device_status (tenant_id, device_id, last_received_at, gaps) values ($1, $2, $3, $4)',
      [world.a.id, device, last, gaps],
    );
  }
  expect(await as(staff, 'select state from public.device_list where id = $1', [device])).toEqual([{ state }]);
  const status = last && { last_received_at: last.toISOString(), gaps: gaps!.match(/\d+/g)?.map(Number) ?? [] };
  expect(deviceState(true, status, new Date()).word).toBe(state === 'live' ? 'Live' : status ? 'Quiet' : 'No readings');
});
