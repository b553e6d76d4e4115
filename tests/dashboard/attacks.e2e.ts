// Attacks on another tenant through the real client and the real API: members of tenant A, and somebody who belongs to no
// tenant, try every table and every function on tenant B. Nothing of B is read, nothing of B is changed.
import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { type Attack, attacksOn, escalations, secretsOf } from '../../provisioning/database/testing/attacks.ts';
import { CALLS } from '../../provisioning/database/testing/functions.ts';
import { makeWorld, type Person, type World } from '../../provisioning/database/testing/world.ts';
import { type ApiRig, startApiRig } from '../support/api-rig.ts';

/** In every text of B's rows: whatever answers with it, leaks. */
const CANARY = 'canary-7f3a';
const PASSWORD = generateKey();
const ATTACKERS = ['owner', 'staff', 'viewer', 'stranger'] as const;

let rig: ApiRig;
let admin: Client;
let world: World;
/** What is in `public` for PostgREST to serve, each with the column that says whose a row is. */
let relations: { name: string; tenant: string | null }[];

beforeAll(async () => {
  rig = await startApiRig();
  admin = await connect(rig.databaseUrl);
  world = await makeWorld(admin);
  const { rows } = await admin.query<{ name: string; tenant: string | null }>(`
    select c.relname as name,
      case when c.relname = 'tenants' then 'id' else (
        select a.attname from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id') end as tenant
    from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') order by 1`);
  relations = rows;
  const mark = {
    ...{ devices: 'name = $2', telemetry: "payload = jsonb_build_object('t', $2::text)", alert_rules: 'name = $2' },
    ...{ memberships: 'email = $2 || email', invitations: 'email = $2 || email', alerts: 'message = $2' },
    dead_letters: "detail = $2, payload = convert_to($2, 'UTF8')",
    device_commands: "payload = jsonb_build_object('t', $2::text)",
  };
  await admin.query('update public.tenants set name = $2 where id = $1', [world.b.id, CANARY]);
  for (const [table, change] of Object.entries(mark)) {
    await admin.query(`update public.${table} set ${change} where tenant_id = $1`, [world.b.id, CANARY]);
  }
  await letSignIn();
});
afterAll(async () => {
  await admin?.end();
  await rig?.stop();
});

/** The world's people are rows only: each gets the password of an account that signed up. */
async function letSignIn(): Promise<void> {
  const spare = await rig.client().auth.signUp({ email: 'spare@nowhere.example', password: PASSWORD });
  if (spare.error) throw spare.error;
  await admin.query(`
    update auth.users as u set encrypted_password = s.encrypted_password, email_confirmed_at = now()
    from auth.users as s where s.email = 'spare@nowhere.example' and u.encrypted_password is null`);
}

/** A session of one of the attackers, and everything that it was answered. */
async function attackAs(attacker: (typeof ATTACKERS)[number]): Promise<{ api: SupabaseClient; userId: string }> {
  const person: Person = attacker === 'stranger' ? world.stranger : world.a[attacker];
  const api = rig.client();
  const { error } = await api.auth.signInWithPassword({ email: person.email, password: PASSWORD });
  if (error) throw error;
  return { api, userId: person.sub };
}

/** One number for all rows of B, in every table of every schema of the platform. */
async function checksumOfB(): Promise<string> {
  const { rows: tables } = await admin.query<{ name: string; tenant: string }>(`
    select c.oid::regclass::text as name, a.attname as tenant from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace::regnamespace::text in ('public', 'ingest') and c.relkind in ('r', 'p') and not c.relispartition
      and (a.attname = 'tenant_id' or c.relname = 'tenants' and a.attname = 'id')
    order by 1`);
  const sums = [];
  for (const { name, tenant } of tables) {
    const { rows } = await admin.query(
      `select '${name}' as name, count(*)::int as n, md5(coalesce(string_agg(t::text, '' order by t::text), '')) as sum
       from ${name} as t where ${tenant} = $1`,
      [world.b.id],
    );
    sums.push(rows[0]);
  }
  expect(sums.filter(({ n }) => n > 0).length).toBeGreaterThan(12);
  return JSON.stringify(sums);
}

/** An answer of the API must hold nothing of B. @param what names the attack in the report. */
function expectNothingOfB(what: string, answer: { data: unknown; error: unknown }): void {
  const text = JSON.stringify(answer);
  if (text.includes(CANARY)) throw new Error(`${what} leaked: ${text.slice(0, 300)}`);
  for (const row of [answer.data ?? []].flat() as Record<string, unknown>[]) {
    if (row?.tenant_id === world.b.id) throw new Error(`${what} answered with a row of B: ${JSON.stringify(row)}`);
  }
}

test('the canary is what its own tenant reads', async () => {
  const api = rig.client();
  await api.auth.signInWithPassword({ email: world.b.owner.email, password: PASSWORD });
  for (const table of ['tenants', 'devices', 'telemetry', 'dead_letters', 'memberships', 'alert_rules', 'alerts']) {
    const { data } = await api.from(table).select(table === 'dead_letters' ? 'detail' : '*');
    expect(JSON.stringify(data), table).toContain(CANARY);
  }
});

test.each(ATTACKERS)('%s of A reads nothing of B, whatever is asked', async (attacker) => {
  const { api } = await attackAs(attacker);
  let asked = 0;
  for (const { name, tenant } of relations) {
    const { data: any } = await api.from(name).select('*').limit(1);
    const columns = any?.[0] ? Object.keys(any[0]) : ['*'];
    const reads: Record<string, PromiseLike<{ data: unknown; error: unknown }>> = {
      all: api.from(name).select('*'),
      named: api.from(name).select(columns.join(',')),
      counted: api.from(name).select('*', { count: 'exact' }),
      embedded: api.from(name).select('*, tenants(*)'),
      'embedded devices': api.from(name).select('*, devices(*)'),
      csv: api.from(name).select('*').csv(),
    };
    if (tenant) {
      reads.filtered = api.from(name).select('*').eq(tenant, world.b.id);
      reads.either = api.from(name).select('*').or(`${tenant}.eq.${world.a.id},${tenant}.eq.${world.b.id}`);
      reads.negated = api.from(name).select('*').neq(tenant, world.a.id);
      reads.listed = api.from(name).select('*').in(tenant, [world.a.id, world.b.id]);
      reads.ordered = api.from(name).select('*').order(tenant, { ascending: false }).range(0, 999);
    }
    for (const [how, read] of Object.entries(reads)) {
      expectNothingOfB(`${attacker} read ${name} ${how}`, await read);
      asked += 1;
    }
    // How many there are is a secret, too.
    const { count } = tenant
      ? await api.from(name).select('*', { count: 'exact', head: true }).eq(tenant, world.b.id)
      : {};
    expect(count ?? 0, name).toBe(0);
  }
  expect(asked).toBeGreaterThan(100);
});

test.each(ATTACKERS)(
  '%s of A changes nothing of B, and learns nothing, by any attack of the list',
  async (attacker) => {
    const { api } = await attackAs(attacker);
    const before = await checksumOfB();
    const secrets = [...secretsOf(world.b), CANARY];
    const attacks = attacksOn(world.b, world);
    for (const attack of attacks) {
      const { data, error } = await send(api, attack);
      // An error may repeat what it was sent, a row nothing.
      const sent = error ? JSON.stringify(attack) : '';
      const shown = JSON.stringify([data, error]);
      const found = secrets.filter((secret) => shown.includes(secret) && !sent.includes(secret));
      expect(found, `${attacker}: ${attack.name}`).toEqual([]);
    }
    expect(attacks.length).toBeGreaterThan(200);
    expect(await checksumOfB()).toBe(before);
  },
);

test.each(['staff', 'viewer'] as const)('%s of A becomes no more than that', async (attacker) => {
  const { api } = await attackAs(attacker);
  const members = () =>
    admin.query('select user_id, role from public.memberships where tenant_id = $1 order by 1', [world.a.id]);
  const before = (await members()).rows;
  for (const attack of escalations(world, world.a[attacker])) {
    const { data, error } = await send(api, attack);
    if (!error) expect(data ?? [], attack.name).toEqual([]);
  }
  expect((await members()).rows).toEqual(before);
});

/** Sends an attack as the dashboard would send it. */
async function send(api: SupabaseClient, attack: Attack): Promise<{ data: unknown; error: unknown }> {
  if (attack.verb === 'sql') throw new Error('the API runs no SQL');
  if (attack.verb === 'rpc') return api.rpc(attack.function, plain(attack.args));
  const table = api.from(attack.table);
  if (attack.verb === 'insert') {
    const values = plain(attack.values);
    return attack.onConflict ? table.upsert(values, { onConflict: attack.onConflict.join(',') }) : table.insert(values);
  }
  const where = plain(attack.where);
  if (attack.verb === 'select') return table.select(attack.columns?.join(',') ?? '*').match(where);
  return (attack.verb === 'update' ? table.update(plain(attack.values)) : table.delete()).match(where);
}

test('without a session, and with a session whose token was changed, there is nothing at all', async () => {
  const before = await checksumOfB();
  const { api } = await attackAs('viewer');
  const { data } = await api.auth.getSession();
  const [head, body, signature] = data.session!.access_token.split('.');
  const claims = JSON.parse(Buffer.from(body!, 'base64url').toString());
  const forge = (changed: object) =>
    [head, Buffer.from(JSON.stringify({ ...claims, ...changed })).toString('base64url'), signature].join('.');
  const unsigned = [Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url'), body, ''].join('.');
  const tokens = [
    undefined,
    forge({ sub: world.b.owner.sub, email: world.b.owner.email }),
    forge({ role: 'service_role' }),
    forge({ exp: 4_000_000_000, role: 'postgres' }),
    unsigned,
  ];
  for (const { name } of relations) {
    for (const token of tokens) {
      const answer = await fetch(`${rig.frontDoor.url}/rest/v1/${name}?select=*`, {
        headers: { apikey: rig.publishableKey, ...(token && { authorization: `Bearer ${token}` }) },
      });
      expect(answer.status, `${name} ${token?.slice(0, 40)}`).toBe(401);
      expect(await answer.text()).not.toContain(CANARY);
    }
  }
  for (const [name, argumentsFor] of Object.entries(CALLS)) {
    const answer = await rig.client().rpc(name, argumentsFor(world.b));
    expect(answer.error?.code, name).toBe('42501');
  }
  expect(await checksumOfB()).toBe(before);
});

test('the invitation of another person cannot be accepted, nor one that does not exist', async () => {
  const { api } = await attackAs('stranger');
  expect((await api.rpc('accept_invitation', { token: world.b.token })).error).not.toBeNull();
  expect((await api.rpc('accept_invitation', { token: randomUUID() })).error).not.toBeNull();
  expect((await api.rpc('my_tenants')).data).toEqual([]);
});

/** As JSON carries it. */
const plain = (values: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(values, (_key, value) => (value?.type === 'Buffer' ? '\\x00' : value)));
