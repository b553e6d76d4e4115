// The local API: the database sees the signed-in person, and serving the API changes no grant of the migrations.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../provisioning/database/connect.ts';
import { type ApiRig, startApiRig } from '../tests/support/api-rig.ts';

let rig: ApiRig;

beforeAll(async () => {
  rig = await startApiRig();
  await withConnection(rig.databaseUrl, (client) =>
    client.query(`
      create table public.notes (owner uuid not null default auth.uid(), text text, secret text);
      alter table public.notes enable row level security;
      alter table public.notes force row level security;
      grant select (owner, text), insert (text) on public.notes to authenticated;
      create policy own on public.notes for all to authenticated using (owner = (select auth.uid()));
      create function public.who_am_i() returns table (id uuid, email text, role text) language sql stable
        as $$ select auth.uid(), current_setting('request.jwt.claims')::json ->> 'email', current_user::text $$;
      grant execute on function public.who_am_i() to authenticated;
      create function public.refuse(code text) returns void language plpgsql
        as $$ begin raise exception 'not you' using errcode = code, hint = 'ask an owner'; end $$;
      grant execute on function public.refuse(text) to authenticated;
      create function public.kind_of(value jsonb) returns text language sql as 'select jsonb_typeof(value)';
      grant execute on function public.kind_of(jsonb) to authenticated;
      create function public.timeout() returns text language sql stable as $$ select current_setting('statement_timeout') $$;
      grant execute on function public.timeout() to authenticated;
      create function public.numbers() returns setof int language sql stable as 'select generate_series(1, 1001)';
      grant execute on function public.numbers() to authenticated;
      create table public.kept (value jsonb, bytes bytea);
      alter table public.kept enable row level security;
      grant select, insert, delete on public.kept to authenticated;
      create policy everything on public.kept for all to authenticated using (true)`),
  );
});

afterAll(() => rig?.stop());

/** Every grant and default privilege. */
const grants = () =>
  withConnection(rig.databaseUrl, async (client) => {
    const { rows } = await client.query(`
      select 'relation' as kind, oid::regclass::text as name, relacl::text as acl from pg_class
      union all select 'column', attrelid::regclass || '.' || attname, attacl::text from pg_attribute where attacl is not null
      union all select 'schema', nspname, nspacl::text from pg_namespace
      union all select 'function', oid::regprocedure::text, proacl::text from pg_proc
      union all select 'default', oid::text, defaclacl::text from pg_default_acl
      order by 1, 2`);
    return rows;
  });

test('a session is its role, its id and its e-mail address in the database', async () => {
  const { api, userId } = await rig.signUp('ann@example.com');
  const { data } = await api.rpc('who_am_i');
  expect(data).toEqual([{ id: userId, email: 'ann@example.com', role: 'authenticated' }]);
});

test.each([
  ['42501', 403],
  ['57014', 500],
  ['P0002', 500],
  ['22023', 400],
  ['23505', 409],
])('an error that a function raises as %s arrives complete, with status %d', async (code, status) => {
  const { api } = await rig.signUp(`${code}@example.com`);
  const answer = await api.rpc('refuse', { code });
  expect(answer).toMatchObject({ status, error: { code, message: 'not you', hint: 'ask an owner' } });
});

test('an answer has at most max rows, from a table or a function, and says so if the client asks for the count', async () => {
  const { api } = await rig.signUp('max@example.com');
  await api.from('kept').insert(Array.from({ length: 1001 }, (_, value) => ({ value })));
  for (const ask of [
    api.from('kept').select('value', { count: 'exact' }),
    api.rpc('numbers', {}, { count: 'exact' }),
  ]) {
    const { data, count } = await ask;
    expect(data).toHaveLength(1000);
    expect(count).toBe(1001);
  }
  const narrow = await rig.openFrontDoor(7);
  const { access_token } = (await api.auth.getSession()).data.session!;
  const answer = await fetch(`${narrow.url}/rest/v1/rpc/numbers?limit=100`, {
    headers: { apikey: rig.publishableKey, authorization: `Bearer ${access_token}` },
  });
  expect(await answer.json()).toHaveLength(7);
  await api.from('kept').delete().gte('value', 0);
});

test('a statement is cancelled after 8 seconds, as Supabase does for signed-in users', async () => {
  const { api } = await rig.signUp('slow@example.com');
  expect((await api.rpc('timeout')).data).toBe('8s');
});

test('a JSON object, array or text stays what it is, as an argument and as a row', async () => {
  const { api } = await rig.signUp('jo@example.com');
  for (const [value, kind] of [
    [{ a: 1, b: ['x'] }, 'object'],
    [[1, { a: 2 }], 'array'],
    ['plain { text', 'string'],
  ] as const) {
    expect((await api.rpc('kind_of', { value })).data).toBe(kind);
    expect((await api.from('kept').insert({ value }).select('value').single()).data).toEqual({ value });
  }
});

test('bytes are text in hexadecimal, as PostgREST sends them', async () => {
  const { api } = await rig.signUp('kim@example.com');
  const { data } = await api.from('kept').insert({ bytes: '\\x00ff7b' }).select('bytes').single();
  expect(data).toEqual({ bytes: '\\x00ff7b' });
});

test('row-level security and column grants hold, and serving the API changes no grant', async () => {
  const before = await grants();
  const bob = await rig.signUp('bob@example.com');
  const eve = await rig.signUp('eve@example.com');
  expect((await bob.api.from('notes').insert({ text: 'mine' })).error).toBeNull();
  expect((await bob.api.from('notes').select('text')).data).toEqual([{ text: 'mine' }]);
  expect((await eve.api.from('notes').select('text')).data).toEqual([]);
  expect((await bob.api.from('notes').select('secret')).error).toMatchObject({ code: '42501' });
  expect((await bob.api.from('notes').delete().eq('owner', bob.userId)).error).toMatchObject({ code: '42501' });
  expect((await rig.client().from('notes').select('text')).error).toMatchObject({ code: '42501' });
  expect(await grants()).toEqual(before);
});

test('without the publishable key, or with a token signed by another platform, nobody gets in', async () => {
  const rest = `${rig.frontDoor.url}/rest/v1/notes?select=text`;
  expect((await fetch(rest)).status).toBe(401);
  const forged = [
    { alg: 'HS256', typ: 'JWT' },
    { role: 'service_role', exp: 4_000_000_000 },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const token = `${forged.join('.')}.${Buffer.alloc(32).toString('base64url')}`;
  const answer = await fetch(rest, { headers: { apikey: rig.publishableKey, authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(401);
});

test('a request for another host name is refused', async () => {
  const { port } = new URL(rig.frontDoor.url);
  const { request } = await import('node:http');
  const status = await new Promise((resolve) =>
    request({ port, host: '127.0.0.1', path: '/api/config', headers: { host: 'evil.example' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end(),
  );
  expect(status).toBe(421);
});

test('the Pages Functions answer, each with headers of its own', async () => {
  const [config, health, ca] = await Promise.all(
    ['config', 'health', 'ca.pem'].map((name) => fetch(`${rig.frontDoor.url}/api/${name}`)),
  );
  expect(await config!.json()).toEqual({
    supabaseUrl: rig.frontDoor.url,
    publishableKey: rig.publishableKey,
    brokerHost: '127.0.0.1',
    brokerPort: 8883,
    hasCa: true,
    sendsMail: false,
    hasSecondFactor: false,
    hasQuestions: false,
    environment: 'local',
  });
  expect(await health!.json()).toEqual({ status: 'ok', dependencies: { auth: 'ok', rest: 'ok' } });
  expect(await ca!.text()).toContain('-----BEGIN CERTIFICATE-----');
  for (const answer of [config, health, ca]) expect(answer!.headers.get('x-content-type-options')).toBe('nosniff');
});
