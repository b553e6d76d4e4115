// A tenant with rows in every table that has a tenant, deleted beside another: nothing of it is found anywhere, and nothing else has changed.
import { beforeAll, expect, test } from 'vitest';
import { addDevice, readRegistry } from '../../provisioning/database/registry.ts';
import { REFUSED } from '../../provisioning/database/testing/database.ts';
import { makePerson, makeWorld, type Tenant, type World } from '../../provisioning/database/testing/world.ts';
import { deletionRigOfFile, one, rig, stateOf, turn } from './testing/rig.ts';

deletionRigOfFile();
let world: World;
beforeAll(async () => {
  world = await makeWorld(rig.admin);
});

/** Makes all that waits due. */
const later = () => rig.admin.query('update public.deletions set next_at = now() where finished_at is null');
const mayConnect = async (slug: string) =>
  (await readRegistry(rig.admin)).filter((entry) => entry.kind === 'device' && entry.tenant === slug).length;

/** Every table of the platform and of the auth service, but the job's own notes. */
async function tablesOf(): Promise<string[]> {
  const { rows } = await rig.admin.query(`
    select c.oid::regclass::text as name from pg_class as c
    where c.relnamespace::regnamespace::text in ('public', 'ingest', 'broker', 'access', 'auth') and c.relkind = 'r'`);
  return rows.map(({ name }) => name as string);
}

/** Each row of each table, as text. */
async function everything(): Promise<string[]> {
  const all: string[] = [];
  for (const name of await tablesOf()) {
    const { rows } = await rig.admin.query(`select to_jsonb(r)::text as text from ${name} as r`);
    all.push(...rows.map(({ text }) => `${name} ${text}`));
  }
  return all.sort();
}

/** What only a tenant has: ids, addresses and slug. */
const valuesOf = ({ slug, owner, staff, viewer, bystander, token, channelToken, letter, ...ids }: Tenant) => [
  ...Object.values(ids),
  ...[owner, staff, viewer, bystander].flatMap(({ sub, email }) => [sub, email]),
  `@${slug}.example`,
  `"${slug}"`,
  `tenants/${slug}/`,
];

test('a tenant: asked for, kept, asked for again, and nothing of it is left', async () => {
  const { a, b } = world;
  const key = async (name: string) => rig.asUser(a.owner, 'select public.delete_tenant($1, $2) as due', [a.id, name]);
  await rig.admin.query(
    `insert into public.dead_letters (topic, payload, reason, fingerprint) values ('tenants/acme/devices/x/telemetry', 'x', 'unknown-device', 'late');
     update ingest.asked_addresses set refused = array['${a.id}', '${b.id}']::uuid[];
     update public.device_state set retained = array['acme', 'sensor-1'] where tenant_id = '${a.id}';
     insert into ingest.archive_objects (name, tenant_id, day, source, rows, checksum, bytes)
       values ('archive/tenant=${a.id}/day=2026-11-01/${'0'.repeat(32)}.parquet', '${a.id}', '2026-11-01', 'retired_rows', 1, '${'0'.repeat(32)}', 1);
     insert into ingest.retired_rows (tenant_id, device_id, ts, message_id, payload, day)
       values ('${a.id}', '${a.device}', '2026-10-01', 'retired', '{}', '2026-10-01') on conflict do nothing;
     insert into ingest.tenant_retention (tenant_id, days) values ('${a.id}', 90) on conflict do nothing`,
  );
  // The catalogue is asked, so that a table that is new has a row here, too.
  const { rows: owned } = await rig.admin.query(`
    select a.attrelid::regclass::text as name from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where a.attname = 'tenant_id' and c.relkind in ('r', 'p') and not c.relispartition and not a.attisdropped
      and c.relnamespace::regnamespace::text in ('public', 'ingest', 'broker', 'access')`);
  const empty: string[] = [];
  for (const { name } of owned)
    if ((await one(`select count(*)::int as n from ${name} where tenant_id = $1`, [a.id])).n === 0) empty.push(name);
  // The deletion makes it.
  expect(empty.filter((name) => name !== 'ingest.archive_removals')).toEqual([]);

  await expect(key('Acme?')).rejects.toMatchObject({ code: '22023' });
  expect((await key('acme')).rows[0].due.getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000);
  await turn();
  expect(await mayConnect('acme')).toBe(0);
  expect((await rig.asUser(a.viewer, 'select * from public.deletions')).rows).toContainEqual(
    expect.objectContaining({ kind: 'tenant', subject: 'acme', started_at: null }),
  );
  await rig.asUser(a.owner, 'select public.keep_tenant($1)', [a.id]);
  expect(await mayConnect('acme')).toBe(1);
  await key('acme');
  const mine = valuesOf(a);
  const isMine = (row: string) => mine.some((value) => row.includes(value));
  // What the archive and the jobs note of themselves changes meanwhile.
  const others = async () => (await everything()).filter((row) => !isMine(row) && !row.startsWith('ingest.leases'));
  const before = await others();
  await later();

  const READERS = "rolname like 'reader\\_%'";
  await rig.admin.query(`create role reader_${a.id.replaceAll('-', '')} login`);
  // Stopped after each step.
  let steps = 0;
  const once = () => {
    let left = 2;
    return () => (--left > 0 ? 20_000 : 0);
  };
  while ((await stateOf(a.id)).problem === null && steps < 50) {
    await turn(once());
    steps += 1;
    if (steps === 1) {
      expect((await one(`select count(*)::int as n from pg_roles where ${READERS} and rolcanlogin`)).n).toBe(0);
      expect((await rig.asUser(a.owner, 'select * from public.my_tenants()')).rows).toEqual([]);
      expect((await rig.asUser(a.owner, 'select * from public.telemetry')).rows).toEqual([]);
    }
  }
  expect(await stateOf(a.id)).toMatchObject({ stage: 'registry', problem: expect.stringContaining('control loop') });
  // As the control loop does it.
  await rig.admin.query(`
    delete from ingest.retained_of_deleted where tenant_slug = 'acme';
    delete from ingest.sessions_of_deleted where tenant_slug = 'acme'`);
  await later();
  await turn();
  expect(await stateOf(a.id)).toMatchObject({ stage: 'archive', problem: null });
  expect((await one(`select count(*)::int as n from pg_roles where ${READERS}`)).n).toBe(0);
  await expect(addDevice(rig.admin, { tenant: 'acme', device: 'x', createTenant: true })).rejects.toThrow(
    'a tenant with the slug "acme" is being deleted',
  );
  await later();
  await turn();
  expect(await stateOf(a.id)).toMatchObject({ stage: 'archive', problem: expect.stringContaining('the archive') });
  // As the archive's program does it.
  await rig.admin.query(
    `delete from ingest.archive_objects where tenant_id = '${a.id}'; update ingest.archive_removals set done_at = now() where tenant_id = '${a.id}'`,
  );
  // As ingest that had a batch in hand.
  await rig.admin.query(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload) values ($1, $2, now(), 'late', '{}')`,
    [a.id, a.device],
  );
  await later();
  await turn();
  expect(await stateOf(a.id)).toMatchObject({ stage: 'rows again', problem: expect.stringContaining('ingest') });
  await rig.admin.query('update ingest.leases set seen_at = now()');
  await later();
  await turn();

  const record = await stateOf(a.id);
  expect(record).toMatchObject({ subject: null, asked_by: 'owner', problem: null, rows_left: '0' });
  expect(record.finished_at).not.toBeNull();
  expect(Number(record.removed)).toBeGreaterThan(30);
  const left = (await everything()).filter(isMine);
  // The record of the deletion, and that of the device which the world has.
  expect(left.filter((row) => !row.startsWith('deletions '))).toEqual([]);
  expect(left.every((row) => row.includes('"subject": null'))).toBe(true);
  // A letter of nobody has gone, and both tenants were in the list of one address.
  const untouched = (rows: string[]) =>
    rows.filter((row) => !/^(deletions|ingest.asked_addresses) |00000000-0000-0000-0000-000000000000/.test(row));
  expect(untouched(await others())).toEqual(untouched(before));
  expect((await one('select refused from ingest.asked_addresses')).refused).toEqual([b.id]);
});

test('a device with its readings: only the owner, only with its slug, and nobody else’s rows', async () => {
  const { b } = world;
  const ask = (person: Tenant['owner'], slug: string) =>
    rig.asUser(person, 'select public.delete_device_data($1, $2)', [b.device, slug]);
  await expect(ask(b.staff, 'sensor-1')).rejects.toMatchObject({ code: REFUSED });
  await expect(ask(b.owner, 'sensor-2')).rejects.toMatchObject({ code: '22023' });
  await rig.admin.query(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
     select $1, d, now() - make_interval(secs => n), 'm' || n, '{}' from unnest($2::uuid[]) as d, generate_series(1, 300) as n`,
    [b.id, [b.device, b.spareDevice]],
  );
  // What is told of it without its id, and of another one.
  const told = [{ device: 'sensor-1', message: 't is 5' }, { device: 'sensor-2' }];
  await rig.admin.query(
    `insert into public.notifications (tenant_id, channel_id, transition, content) values ($1, $2, 'digest', jsonb_build_object('newest', $3::jsonb))`,
    [b.id, b.channel, JSON.stringify(told)],
  );
  for (const device of ['sensor-1', 'sensor-10'])
    await rig.admin.query(
      `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint) values ($1, $2, 'x', 'unknown-device', $2)`,
      [b.id, `tenants/globex/devices/${device}/telemetry`],
    );
  await rig.admin.query(
    `insert into public.dead_letters (tenant_id, device_id, topic, payload, reason, fingerprint)
     values ('${b.id}', '${b.device}', 'tenants/globex/devices/sensor-1/telemetry', 'x', 'not-json', 'its own');
     insert into public.reading_rules (tenant_id, device_id, time_members) values ('${b.id}', '${b.device}', array['Time']);
     insert into ingest.question_answers (tenant_id, key, device_id, answer, model, tokens, micros)
     values ('${b.id}', sha256('x'), '${b.device}', 'x', 'm', 1, 1);
     insert into public.alert_rules (tenant_id, device_id, name, kind, window_minutes)
     values ('${b.id}', '${b.device}', 'silent', 'missing', 60)`,
  );
  const { rows: owned } = await rig.admin.query('select relation::text as name from ingest.owned_tables(true)');
  const empty: string[] = [];
  for (const { name } of owned)
    if ((await one(`select count(*)::int as n from ${name} where device_id = $1`, [b.device])).n === 0)
      empty.push(name);
  // The days' partitions are empty.
  expect(empty.filter((name) => !name.startsWith('ingest.telemetry_2'))).toEqual([]);
  await ask(b.owner, 'sensor-1');
  expect(await mayConnect('globex')).toBe(0);
  await turn();
  expect(await stateOf(b.device)).toMatchObject({ stage: 'archive', rows_left: '0' });
  await later();
  await turn();
  expect(await stateOf(b.device)).toMatchObject({ problem: expect.stringContaining('the archive') });
  await rig.admin.query('update ingest.archive_removals set done_at = clock_timestamp() where device_id = $1', [
    b.device,
  ]);
  await later();
  await turn();
  await rig.admin.query('update ingest.leases set seen_at = clock_timestamp()');
  await later();
  await turn();
  expect((await stateOf(b.device)).finished_at).not.toBeNull();
  const { rows } = await rig.admin.query(
    'select device_id, count(*)::int as n from public.telemetry where tenant_id = $1 group by 1',
    [b.id],
  );
  expect(rows).toEqual([{ device_id: b.spareDevice, n: 300 }]);
  const left = (await everything()).filter((row) => row.includes(b.device));
  expect(left.filter((row) => !/^(audit_log|deletions|ingest.archive_removals) /.test(row))).toEqual([]);
  expect(await one("select content from public.notifications where transition = 'digest'")).toEqual({
    content: { newest: [{ device: 'sensor-2' }] },
  });
  expect((await everything()).filter((row) => row.includes('globex/devices/sensor-1'))).toEqual([
    expect.stringContaining('/sensor-10/'),
  ]);
});

test('a person: not the last owner; then no table has their address', async () => {
  const { b } = world;
  const leave = (person: Tenant['owner'], email = person.email) =>
    rig.asUser(person, 'select public.delete_account($1)', [email]);
  await expect(leave(b.owner)).rejects.toMatchObject({ code: REFUSED, message: 'you are the only owner of globex' });
  await expect(leave(b.staff, b.viewer.email)).rejects.toMatchObject({ code: '22023' });
  await rig.admin.query('update public.api_tokens set created_by = $1 where tenant_id = $2', [b.staff.email, b.id]);
  await leave(b.staff);
  await turn();
  expect((await everything()).filter((row) => row.includes(b.staff.email))).toEqual([]);
  const { rows } = await rig.asUser(b.owner, 'select subject, action from public.audit_log where subject = $1', [
    '(deleted)',
  ]);
  expect(rows).toContainEqual({ subject: '(deleted)', action: 'member.deleted' });
  // Nothing else of the log may change, not even while an address is taken out of it.
  const ann = await makePerson(rig.admin, 'ann@globex.example');
  await rig.admin.query('select access.delete_person($1, $2, $3)', [ann.sub, ann.email, 'operator']);
  await expect(rig.admin.query("update public.audit_log set action = 'nothing'")).rejects.toMatchObject({
    code: REFUSED,
  });
  await turn();
});

test('a user who is deleted by the auth service goes, the last owner too, and the address from the log', async () => {
  const { b } = world;
  await rig.admin.query('delete from auth.users where id = $1', [b.owner.sub]);
  await turn();
  expect((await everything()).filter((row) => row.includes(b.owner.email))).toEqual([]);
  expect((await rig.asUser(b.viewer, 'select slug from public.my_tenants()')).rows).toEqual([{ slug: 'globex' }]);
});
