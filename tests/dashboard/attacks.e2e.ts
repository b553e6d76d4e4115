// Attacks on another tenant through the real client and the real API: members of tenant A, and somebody who belongs to no
// tenant, try every table and every function on tenant B. Nothing of B is read, nothing of B is changed.
import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { type Attack, attacksOn, escalations, secretsOf } from '../../provisioning/database/testing/attacks.ts';
import { NOT_FOUND, REFUSED } from '../../provisioning/database/testing/database.ts';
import { CALLS } from '../../provisioning/database/testing/functions.ts';
import { COLUMNS, readMatrix } from '../../provisioning/database/testing/matrix.ts';
import { makeWorld, type Person, type World } from '../../provisioning/database/testing/world.ts';
import { type ApiRig, startApiRig } from '../support/api-rig.ts';
import { codeOf } from './attack-codes.ts';

/** In every text of B's rows: whatever answers with it, leaks. */
const CANARY = 'canary-7f3a';
const PASSWORD = generateKey();
const ATTACKERS = ['owner', 'staff', 'viewer', 'stranger'] as const;

let rig: ApiRig;
let admin: Client;
let world: World;
/** Foreign keys within `public`: ways from one table's rows to another's. */
let keys: { name: string; from: string; to: string; width: number }[];
/** What is in `public` for PostgREST to serve: isolation.test.ts holds the matrix against the catalog. */
const tables = readMatrix()
  .filter(({ table }) => table.startsWith('public.'))
  .map(({ table, cells }) => ({
    name: table.slice('public.'.length),
    cells,
    tenant: table === 'public.tenants' ? 'id' : 'tenant_id',
    granted: COLUMNS[table]?.authenticated?.select?.replaceAll(' ', ',') ?? '*',
  }));

beforeAll(async () => {
  rig = await startApiRig();
  admin = await connect(rig.databaseUrl);
  world = await makeWorld(admin);
  const { rows } = await admin.query<(typeof keys)[number]>(`
    select k.conname as name, f.relname as from, t.relname as to, cardinality(k.conkey) as width from pg_constraint as k
    join pg_class as f on f.oid = k.conrelid join pg_class as t on t.oid = k.confrelid
    where k.contype = 'f' and 'public'::regnamespace = all (array[f.relnamespace, t.relnamespace])`);
  keys = rows;
  const mark = {
    devices: 'name = $2',
    telemetry: "payload = jsonb_build_object('t', $2::text)",
    alert_rules: 'name = $2',
    memberships: 'email = $2 || email',
    invitations: 'email = $2 || email',
    alerts: 'message = $2',
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

/** A session of one of the attackers. */
async function attackAs(attacker: (typeof ATTACKERS)[number]): Promise<SupabaseClient> {
  const person: Person = attacker === 'stranger' ? world.stranger : world.a[attacker];
  const api = rig.client();
  const { error } = await api.auth.signInWithPassword({ email: person.email, password: PASSWORD });
  if (error) throw error;
  return api;
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
  const api = await attackAs(attacker);
  for (const { name, cells, tenant, granted } of tables) {
    const from = api.from(name);
    const reads = {
      all: from.select(granted),
      csv: from.select(granted).csv(),
      filtered: from.select(granted).eq(tenant, world.b.id),
      either: from.select(granted).or(`${tenant}.eq.${world.a.id},${tenant}.eq.${world.b.id}`),
      negated: from.select(granted).neq(tenant, world.a.id),
      listed: from.select(granted).in(tenant, [world.a.id, world.b.id]),
      ordered: from.select(granted).order(tenant, { ascending: false }).range(0, 999),
    };
    for (const [how, read] of Object.entries(reads)) {
      const answer = await read;
      expect(answer.error, `${name} ${how}`).toBeNull();
      expectNothingOfB(`${attacker} read ${name} ${how}`, answer);
    }
    const every = await from.select('*');
    expectNothingOfB(`${attacker} read every column of ${name}`, every);
    expect(every.error?.code, name).toBe(granted === '*' ? undefined : REFUSED);

    // How many there are is a secret, too.
    const count = async (of: string) => {
      const answer = await api.from(name).select(granted, { count: 'exact', head: true }).eq(tenant, of);
      expect(answer.error, name).toBeNull();
      return answer.count;
    };
    const sees = cells[attacker]!.startsWith('S');
    expect(await count(world.a.id), `${name} of A`)[sees ? 'toBeGreaterThan' : 'toBe'](0);
    expect(await count(world.b.id), `${name} of B`).toBe(0);
    const counted = await from.select(granted, { count: 'exact' });
    expect(counted.count, name).toBe(counted.data!.length);
  }
});

test.each(ATTACKERS)('%s of A reaches nothing of B from one table through another', async (attacker) => {
  const api = await attackAs(attacker);
  const grantedOf = (table: string) => tables.find(({ name }) => name === table)!.granted;
  expect(keys.length).toBeGreaterThan(10);
  for (const { name, from, to, width } of keys) {
    for (const [outer, inner] of [
      [from, to],
      [to, from],
    ] as const) {
      const answer = await api.from(outer).select(`${grantedOf(outer)},${inner}!${name}(${grantedOf(inner)})`);
      // The local API follows one column of a key alone, and gives up when that leads to several rows.
      expect(width === 1 ? [undefined] : [undefined, '21000'], `${outer} with ${inner}`).toContain(answer.error?.code);
      expectNothingOfB(`${attacker} read ${outer} with ${inner}`, answer);
    }
  }
});

test.each(ATTACKERS)(
  '%s of A changes nothing of B, and learns nothing, by any attack of the list',
  async (attacker) => {
    const api = await attackAs(attacker);
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
      expect(error?.code, `${attacker}: ${attack.name}`).toBe(codeOf(attack, attacker, world.a));
    }
    expect(attacks.length).toBeGreaterThan(200);
    expect(await checksumOfB()).toBe(before);
  },
);

test.each(['staff', 'viewer'] as const)('%s of A becomes no more than that', async (attacker) => {
  const api = await attackAs(attacker);
  const members = () =>
    admin.query('select user_id, role from public.memberships where tenant_id = $1 order by 1', [world.a.id]);
  const before = (await members()).rows;
  for (const attack of escalations(world, world.a[attacker])) {
    const { data, error } = await send(api, attack);
    expect(error?.code, attack.name).toBe(codeOf(attack, attacker, world.a));
    expect(data ?? [], attack.name).toEqual([]);
  }
  expect((await members()).rows).toEqual(before);
});

/** Sends an attack as the dashboard would send it. */
async function send(api: SupabaseClient, attack: Attack): Promise<{ data: unknown; error: { code: string } | null }> {
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
  const api = await attackAs('viewer');
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
  for (const { name } of tables) {
    for (const token of tokens) {
      const answer = await fetch(`${rig.frontDoor.url}/rest/v1/${name}?select=*`, {
        headers: { apikey: rig.publishableKey, ...(token && { authorization: `Bearer ${token}` }) },
      });
      expect(answer.status, `${name} ${token?.slice(0, 40)}`).toBe(401);
      expect(await answer.text()).not.toContain(CANARY);
    }
  }
  for (const [name, argumentsFor] of Object.entries(CALLS)) {
    // Answer who has no account: the holder of an invitation's or a mail's token, and everybody.
    if (['invitation_facts', 'answer_notification_channel', 'maintenance', 'read_only'].includes(name)) continue;
    const answer = await rig.client().rpc(name, argumentsFor(world.b));
    expect(answer.error?.code, name).toBe(REFUSED);
  }
  expect(await checksumOfB()).toBe(before);
});

test('the invitation of another person cannot be accepted, nor one that does not exist', async () => {
  const api = await attackAs('stranger');
  const codeFor = async (token: string) => (await api.rpc('accept_invitation', { token })).error?.code;
  expect(await codeFor(world.b.token)).toBe(REFUSED);
  expect(await codeFor(randomUUID())).toBe(NOT_FOUND);
  expect((await api.rpc('my_tenants')).data).toEqual([]);
});

/** As JSON carries it. */
const plain = (values: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(values, (_key, value) => (value?.type === 'Buffer' ? '\\x00' : value)));
