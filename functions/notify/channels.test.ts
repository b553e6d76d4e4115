// What people do with channels and routes, and what they may not.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  BAD_ARGUMENT,
  REFUSED,
  startTestDatabase,
  type TestDatabase,
} from '../../provisioning/database/testing/database.ts';
import { makePerson, makeWorld, type Person, type World } from '../../provisioning/database/testing/world.ts';
import { SEALED } from './testing/outbox.ts';

let server: TestDatabase;
let world: World;
let ann: Person;
let tenant: string;
beforeAll(async () => {
  server = await startTestDatabase();
  world = await makeWorld(server.admin);
  ann = world.a.owner;
  tenant = world.a.id;
});
afterAll(() => server.stop());

const admin = (sql: string, values: unknown[] = []) => server.admin.query(sql, values);
const call = (name: string, args: Record<string, unknown>, who = ann) =>
  server
    .asUser(
      who,
      `select public.${name}(${Object.keys(args)
        .map((key, n) => `${key} => $${n + 1}`)
        .join(', ')}) as it`,
      Object.values(args),
    )
    .then(({ rows }) => rows[0].it);

test('a mail channel is confirmed, and permanently refused, by anyone who reads its mails', async () => {
  await admin("update public.tenants set name = 'You have won: call 0900 1234' where id = $1", [tenant]);
  const id = await call('add_notification_channel', {
    tenant_id: tenant,
    name: 'On call',
    kind: 'email',
    destination: 'On.Call@acme.example',
    language: 'id',
  });
  const { rows } = await admin('select * from ingest.claim_notifications(10, 10, 30)');
  expect(rows.find(({ channel_id }) => channel_id === id)).toMatchObject({
    transition: 'confirmation',
    destination: 'On.Call@acme.example',
    language: 'id',
    // The slug: a stranger is sent no text of the tenant's.
    content: { tenant: 'acme' },
  });
  await admin("select ingest.note_channel_token($1, sha256('secret token'))", [id]);
  const answer = async (token: string, wanted: boolean) =>
    (await server.admin.query('select public.answer_notification_channel($1, $2) as it', [token, wanted])).rows[0].it;
  expect(await answer('another token', true)).toBeNull();
  await call('change_notification_channel', { channel_id: id, language: 'en' });
  await expect(call('change_notification_channel', { channel_id: id, language: 'xx' })).rejects.toMatchObject({
    hint: 'Use en or id.',
  });
  await admin("update public.tenants set name = 'acme' where id = $1", [tenant]);
  expect(await answer('secret token', true)).toBe('acme');
  await call('send_test_notification', { channel_id: id });
  expect(await answer('secret token', false)).toBe('acme');
  await expect(call('send_test_notification', { channel_id: id })).rejects.toMatchObject({ code: BAD_ARGUMENT });
  await expect(call('send_confirmation_again', { channel_id: id })).rejects.toMatchObject({ code: BAD_ARGUMENT });
});

test.each([
  'a@b.example\r\nBcc: x@y.example',
  'a@b.example, c@d.example',
  'a b@c.example',
  '<a@b.example>',
  'a@b',
  '"a"@b.example',
  'a@b.example;',
  '@b.example',
])('the address %j is none', async (destination) => {
  await expect(
    call('add_notification_channel', { tenant_id: tenant, name: 'x', kind: 'email', destination }),
  ).rejects.toMatchObject({ code: BAD_ARGUMENT });
});

test('secrets are taken only sealed, for the key in use, and are shown to nobody', async () => {
  const add = (values: Record<string, unknown>) =>
    call('add_notification_channel', {
      tenant_id: tenant,
      name: 'Hook',
      kind: 'webhook',
      destination: 'Hooks.example.com',
      ...values,
    });
  for (const sealed of [null, 'https://hooks.example.com/token', `${'f'.repeat(16)}.${'A'.repeat(200)}`]) {
    await expect(add({ sealed })).rejects.toMatchObject({ code: BAD_ARGUMENT });
  }
  const id = await add({ sealed: SEALED });
  await call('change_notification_channel', { channel_id: id, destination: 'hooks.example.com', sealed: SEALED });
  // That the secret is another one is noted, even where the host stays.
  const { rows: changes } = await admin(
    "select details from public.audit_log where action = 'notification_channel.changed' and subject = 'Hook'",
  );
  expect(changes).toEqual([{ details: { sealed_at: expect.anything() } }]);
  const { rows } = await admin(
    "select details::text as text from public.audit_log where action like 'notification_channel%'",
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.some(({ text }) => text.includes('AAAAA'))).toBe(false);
});

test('tests are bounded in an hour, routes and channels in number', async () => {
  const id = await call('add_notification_channel', {
    tenant_id: tenant,
    name: 'T',
    kind: 'webhook',
    destination: 't.example',
    sealed: SEALED,
  });
  for (let n = 0; n < 20; n++) await call('send_test_notification', { channel_id: id }).catch(() => {});
  await expect(call('send_test_notification', { channel_id: id })).rejects.toMatchObject({ code: REFUSED });
  const route = { channel_id: id, severities: ['info'] };
  await admin('update access.platform_limits set max_routes = 2, max_channels = 0');
  await admin('delete from public.notification_routes');
  for (let n = 0; n < 2; n++) await call('set_notification_route', route);
  await expect(call('set_notification_route', route)).rejects.toMatchObject({ code: REFUSED });
  await expect(
    call('add_notification_channel', {
      tenant_id: tenant,
      name: 'U',
      kind: 'webhook',
      destination: 'u.example',
      sealed: SEALED,
    }),
  ).rejects.toMatchObject({ code: REFUSED });
  await admin('update access.platform_limits set max_routes = 20, max_channels = 10');
  const tagged = await call('set_notification_route', { ...route, tags: [' Floor 1', 'pumps', 'pumps'] });
  const tagsOf = async () =>
    (await admin('select tags from public.notification_routes where id = $1', [tagged])).rows[0].tags;
  expect(await tagsOf()).toEqual(['floor-1', 'pumps']);
  await call('set_notification_route', { ...route, route_id: tagged });
  expect(await tagsOf()).toEqual([]);
  for (const wrong of [
    { severities: ['all'] },
    { tags: ['not allowed!'] },
    { tags: Array.from({ length: 17 }, (_, n) => `t${n}`) },
    { severities: [] },
    { time_zone: 'Mars/Base' },
    { time_zone: 'x' },
    { repeat_minutes: 1 },
    { quiet_from: '01:00' },
    { quiet_from: '01:00', quiet_until: '01:00' },
  ]) {
    await expect(call('set_notification_route', { ...route, ...wrong }), JSON.stringify(wrong)).rejects.toMatchObject({
      code: BAD_ARGUMENT,
    });
  }
});

test('a person of another tenant and a viewer change nothing', async () => {
  const other = await makePerson(server.admin, `x${Date.now()}@nowhere.example`);
  const id = await call('add_notification_channel', {
    tenant_id: tenant,
    name: 'V',
    kind: 'webhook',
    destination: 'v.example',
    sealed: SEALED,
  });
  for (const who of [other, world.b.owner, world.a.viewer]) {
    await expect(call('delete_notification_channel', { channel_id: id }, who)).rejects.toThrow();
  }
  await call('delete_notification_channel', { channel_id: id });
  expect((await admin('select from public.notification_channels where id = $1', [id])).rowCount).toBe(0);
});

test('a channel that is deleted takes back no test, no confirmation and no refusal', async () => {
  await admin('delete from ingest.test_use; delete from ingest.mail_use; delete from public.notification_channels');
  const add = (kind: string, destination: string, sealed: string | null, who = ann, of = tenant) =>
    call('add_notification_channel', { tenant_id: of, name: kind, kind, destination, sealed }, who);
  const again = async (id: string, who = ann) => call('delete_notification_channel', { channel_id: id }, who);
  let hook = await add('webhook', 'w.example', SEALED);
  for (let n = 0; n < 10; n++) await call('send_test_notification', { channel_id: hook });
  await again(hook);
  hook = await add('webhook', 'w.example', SEALED);
  await expect(call('send_test_notification', { channel_id: hook })).rejects.toMatchObject({ code: REFUSED });

  // Of all tenants together.
  for (let n = 0; n < 3; n++) await again(await add('email', 'Victim@other.example', null));
  for (let n = 0; n < 2; n++)
    await again(await add('email', 'victim@other.example', null, world.b.owner, world.b.id), world.b.owner);
  await expect(add('email', 'victim@other.example', null)).rejects.toMatchObject({ code: REFUSED });

  const mail = await add('email', 'reader@other.example', null);
  await admin("select ingest.note_channel_token($1, sha256('reader'))", [mail]);
  await admin("select public.answer_notification_channel('reader', false)");
  await again(mail);
  await expect(add('email', 'reader@other.example', null)).rejects.toMatchObject({ code: BAD_ARGUMENT });
  await add('email', 'reader@other.example', null, world.b.owner, world.b.id);
});
