// Which sessions count, what an API token reads and what it cannot, and what a tenant's reader reads: tried on a real server.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './connect.ts';
import { makeReader, readerRole, removeReader } from './readers.ts';
import { become, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { CALLS, callStatement } from './testing/functions.ts';
import { makeWorld, SELF_SERVICE, type Tenant, type World } from './testing/world.ts';

let database: TestDatabase;
let admin: Client;
let world: World;

beforeAll(async () => {
  database = await startTestDatabase();
  admin = database.admin;
  world = await makeWorld(admin);
});
afterAll(() => database.stop());

/** Runs in a transaction that is undone; `before` as the superuser. */
async function undone<T>(work: () => Promise<T>): Promise<T> {
  await admin.query('begin');
  try {
    return await work();
  } finally {
    await admin.query('rollback');
  }
}

describe('a session', () => {
  // As GoTrue has them (supabase/auth, migrations/20221003041349_add_mfa_schema.up.sql and 20221020193600_add_sessions_user_id_index).
  const SESSIONS = 'create table auth.sessions (id uuid primary key, user_id uuid not null)';
  const FACTORS = `create type auth.factor_status as enum ('unverified', 'verified');
    create table auth.mfa_factors (id uuid primary key, user_id uuid not null, status auth.factor_status not null)`;
  const factor = (user: string, status: string) =>
    `insert into auth.mfa_factors values (gen_random_uuid(), '${user}', '${status}')`;

  /** What the owner of A gets with claims of theirs, after some SQL: each way there is to be asked who one is. */
  const answers = (sql: string, claims: object) =>
    undone(async () => {
      await admin.query(`${SELF_SERVICE}; ${sql}`);
      const { sub, email } = world.a.owner;
      const tries = [
        'select count(*)::int as n from public.devices',
        'select count(*)::int as n from public.dead_letters',
        'select count(*)::int as n from public.audit_log',
        `select 1 as n from public.rename_device('${world.a.device}', 'Changed')`,
        "select 1 as n from public.create_tenant('another', 'Another')",
      ];
      const found: (number | string)[] = [];
      for (const statement of tries) {
        await admin.query('savepoint try');
        try {
          await become(admin, 'authenticated', { sub, email, ...claims });
          found.push((await admin.query(statement)).rows[0].n > 0 ? 'yes' : 'nothing');
        } catch (error) {
          found.push((error as Error).message);
        }
        await admin.query('rollback to savepoint try; release savepoint try');
      }
      return [...new Set(found)];
    });

  it('counts where the auth service knows neither sessions nor factors', async () => {
    expect(await answers('', { session_id: randomUUID(), aal: 'aal1' })).toEqual(['yes']);
  });

  it('that the auth service has ended is refused, while its token is still valid', async () => {
    const [mine, ended] = [randomUUID(), randomUUID()];
    const sql = `${SESSIONS}; insert into auth.sessions values ('${mine}', '${world.a.owner.sub}'),
      ('${ended}', '${world.a.staff.sub}')`;
    expect(await answers(sql, { session_id: mine })).toEqual(['yes']);
    expect(await answers(sql, { session_id: ended })).toEqual(['this session has ended']);
    expect(await answers(sql, { session_id: randomUUID() })).toEqual(['this session has ended']);
  });

  it('that has ended is answered only what anybody is', async () => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p', 'v') and has_any_column_privilege('authenticated', c.oid, 'select')`,
    );
    const { rows: functions } = await admin.query<{ name: string }>(
      `select p.proname as name from pg_proc as p where p.pronamespace = 'public'::regnamespace
        and has_function_privilege('authenticated', p.oid, 'execute') and not has_function_privilege('anon', p.oid, 'execute')`,
    );
    expect(functions.length).toBeGreaterThan(30);
    const asked: Record<string, (client: Client) => Promise<unknown>> = {};
    for (const { name } of tables) asked[name] = (client) => client.query(`select count(*) from ${name}`);
    for (const { name } of functions) {
      const { sql, values } = callStatement(name, CALLS[name]!(world.a));
      asked[name] = (client) => client.query(sql, values);
    }
    const others: Record<string, unknown> = {};
    await undone(async () => {
      await admin.query(`${SELF_SERVICE}; ${SESSIONS}`);
      for (const [name, ask] of Object.entries(asked)) {
        await admin.query('savepoint try');
        await become(admin, 'authenticated', { ...world.a.owner, session_id: randomUUID() } as object);
        const answer = await ask(admin).then(
          () => 'answered',
          ({ code }) => code,
        );
        if (answer !== '28000') others[name] = answer;
        await admin.query('rollback to savepoint try; release savepoint try');
      }
    });
    // How many tenants an account may still make, and the platform's public key; the example's invitation is somebody else's.
    expect(others).toEqual({
      tenants_left: 'answered',
      notification_sender: 'answered',
      accept_invitation: REFUSED,
    });
  });

  it('of a banned account is refused', async () => {
    const until = (time: string) =>
      `alter table auth.users add column banned_until timestamptz;
       update auth.users set banned_until = now() + '${time}' where id = '${world.a.owner.sub}'`;
    expect(await answers(until('1 hour'), {})).toEqual(['this account is blocked']);
    expect(await answers(until('-1 hour'), {})).toEqual(['yes']);
  });

  it('without the second factor of its account is refused; one with it, and other people’s, are not', async () => {
    const { sub } = world.a.owner;
    const without = ['this account has a second factor, and this session was opened without it'];
    expect(await answers(`${FACTORS}; ${factor(sub, 'verified')}`, { aal: 'aal1' })).toEqual(without);
    expect(await answers(`${FACTORS}; ${factor(sub, 'verified')}`, {})).toEqual(without);
    expect(await answers(`${FACTORS}; ${factor(sub, 'verified')}`, { aal: 'aal2' })).toEqual(['yes']);
    expect(await answers(`${FACTORS}; ${factor(sub, 'unverified')}`, { aal: 'aal1' })).toEqual(['yes']);
    expect(await answers(`${FACTORS}; ${factor(world.a.staff.sub, 'verified')}`, { aal: 'aal1' })).toEqual(['yes']);
  });
});

describe('a new address', () => {
  it('is the person’s in each tenant they belong to, and nobody else’s', async () => {
    await undone(async () => {
      const { sub } = world.a.owner;
      await become(admin, 'authenticated', { sub, email: 'New@Acme.example' });
      await admin.query('select public.take_my_address()');
      await admin.query("select set_config('role', 'none', true)");
      const { rows } = await admin.query(
        "select m.user_id from public.memberships as m where m.email = 'new@acme.example'",
      );
      expect(rows).toEqual([{ user_id: sub }]);
      // Without an address there is nothing to take.
      await become(admin, 'authenticated', { sub });
      await admin.query('select public.take_my_address()');
    });
  });
});

/** Makes the rest of the transaction a request with an API token and no session, as PostgREST has it. */
async function asProgram(client: Client, token: string | undefined): Promise<void> {
  await become(client, 'anon');
  await client.query("select set_config('request.headers', $1, true)", [
    JSON.stringify(token === undefined ? {} : { 'x-api-token': token }),
  ]);
}

describe('an API token', () => {
  let a: Tenant;
  beforeEach(() => {
    a = world.a;
  });

  const ask = async (token: string | undefined, sql: string, prepare = '') =>
    undone(async () => {
      if (prepare) await admin.query(prepare);
      await asProgram(admin, token);
      return (await admin.query(sql)).rows;
    });
  const EVERYTHING = "'2000-01-01', '2100-01-01'";

  it('reads devices, readings and alerts of its tenant', async () => {
    expect(await ask(a.apiTokenText, 'select * from public.read_token()')).toMatchObject([
      { tenant: 'acme', name: 'Report', scopes: ['devices', 'telemetry', 'alerts'] },
    ]);
    expect(await ask(a.apiTokenText, 'select device from public.read_devices()')).toEqual([
      { device: 'sensor-1' },
      { device: 'sensor-2' },
    ]);
    const readings = await ask(
      a.apiTokenText,
      `select message_id, payload from public.read_readings('sensor-1', ${EVERYTHING})`,
    );
    expect(readings.map(({ message_id }) => message_id)).toEqual(['long ago', 'today', 'far ahead']);
    expect(await ask(a.apiTokenText, `select device, rule, message from public.read_alerts(${EVERYTHING})`)).toEqual([
      { device: 'sensor-1', rule: 'hot', message: 'hot' },
    ]);
  });

  it('gets the next page after the last row of one, without gap or repeat', async () => {
    const filled = `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
      select '${a.id}', '${a.spareDevice}', now() - interval '1 hour', lpad(n::text, 5, '0'), '{}' from generate_series(1, 1500) as n`;
    await undone(async () => {
      await admin.query(filled);
      await asProgram(admin, a.apiTokenText);
      const first = await admin.query("select ts::text, message_id from public.read_readings('sensor-2')");
      expect(first.rowCount).toBe(1000);
      const { ts, message_id } = first.rows.at(-1);
      const next = await admin.query("select * from public.read_readings('sensor-2', $1, after => $2)", [
        ts,
        message_id,
      ]);
      expect([next.rowCount, next.rows[0].message_id]).toEqual([500, '01001']);
    });
  });

  it('reads nothing of another tenant, by any name', async () => {
    const only = `update public.devices set slug = 'theirs' where id = '${world.b.device}'`;
    await expect(ask(a.apiTokenText, "select * from public.read_readings('theirs')", only)).rejects.toMatchObject({
      code: 'P0002',
      message: 'there is no such device',
    });
    const all = [
      'select * from public.read_devices()',
      `select * from public.read_readings('sensor-1', ${EVERYTHING})`,
      `select * from public.read_alerts(${EVERYTHING})`,
    ];
    for (const sql of all) {
      const mine = JSON.stringify(await ask(a.apiTokenText, sql));
      const theirs = await ask(world.b.apiTokenText, sql);
      expect(theirs.length).toBeGreaterThan(0);
      expect(mine).not.toContain('globex');
    }
    expect(await ask(a.apiTokenText, `select id from public.read_alerts(${EVERYTHING})`)).toEqual([{ id: a.alert }]);
    expect(await ask(world.b.apiTokenText, `select id from public.read_alerts(${EVERYTHING})`)).toEqual([
      { id: world.b.alert },
    ]);
  });

  it('reads no table and calls no other function', async () => {
    const { rows: tables } = await admin.query<{ name: string }>(
      "select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')",
    );
    for (const { name } of tables) {
      await expect(ask(a.apiTokenText, `select from ${name}`), name).rejects.toMatchObject({ code: REFUSED });
    }
    const its = ['read_token', 'read_devices', 'read_readings', 'read_alerts'];
    const open = ['invitation_facts', 'answer_notification_channel', 'maintenance', 'read_only'];
    for (const name of Object.keys(CALLS).filter((one) => ![...its, ...open].includes(one))) {
      const { sql, values } = callStatement(name, CALLS[name]!(a));
      const call = undone(async () => {
        await asProgram(admin, a.apiTokenText);
        await admin.query(sql, values);
      });
      await expect(call, name).rejects.toMatchObject({ message: `permission denied for function ${name}` });
    }
  });

  it.each([
    ['nothing', undefined, 'this needs an API token'],
    ['another token', 'mst_guessed', 'this API token is not valid'],
    ['its hash', 'sha256', 'this API token is not valid'],
    ['an empty one', '', 'this API token is not valid'],
    ['a megabyte', 'x'.repeat(1_000_000), 'this API token is not valid'],
  ])('is refused when a request sends %s', async (_, token, message) => {
    const sent =
      token === 'sha256' ? (await admin.query('select token_hash::text as t from public.api_tokens')).rows[0].t : token;
    for (const sql of ['read_token()', 'read_devices()', "read_readings('sensor-1')", 'read_alerts()']) {
      await expect(ask(sent, `select * from public.${sql}`)).rejects.toMatchObject({ code: REFUSED, message });
    }
  });

  it('ends when it expires, and when an owner revokes it', async () => {
    const expired = `update public.api_tokens set created_at = now() - interval '2 days', expires_at = now() - interval '1 second'`;
    await expect(ask(a.apiTokenText, 'select public.read_token()', expired)).rejects.toThrow('not valid');
    await undone(async () => {
      await become(admin, 'authenticated', a.owner);
      await admin.query('select public.revoke_api_token($1)', [a.apiToken]);
      await asProgram(admin, a.apiTokenText);
      await expect(admin.query('select public.read_token()')).rejects.toThrow('not valid');
    });
  });

  it('reads only what it is for', async () => {
    const narrow = "update public.api_tokens set scopes = '{devices}'";
    expect((await ask(a.apiTokenText, 'select public.read_devices()', narrow)).length).toBe(2);
    await expect(ask(a.apiTokenText, "select public.read_readings('sensor-1')", narrow)).rejects.toMatchObject({
      code: REFUSED,
      message: 'this API token may not read telemetry',
      hint: 'It may read devices.',
    });
  });

  it('notes its last use, is counted, and does one thing at a time', async () => {
    const second = await database.open();
    await admin.query('begin');
    await asProgram(admin, a.apiTokenText);
    await admin.query('select public.read_devices()');
    await second.query('begin');
    await asProgram(second, a.apiTokenText);
    await expect(second.query('select public.read_devices()')).rejects.toMatchObject({
      code: 'PT429',
      message: 'this API token is in use',
    });
    await second.query('rollback');
    await admin.query('commit');
    const seen = await database.asUser(a.owner, 'select last_used_at is not null as used, id from public.api_tokens');
    expect(seen.rows).toEqual([{ used: true, id: a.apiToken }]);
    const busy = 'update public.api_tokens set last_used_at = now(), calls = 60';
    await expect(ask(a.apiTokenText, 'select public.read_devices()', busy)).rejects.toMatchObject({ code: 'PT429' });
    const later = "update public.api_tokens set last_used_at = now() - interval '1 minute', calls = 60";
    expect((await ask(a.apiTokenText, 'select public.read_devices()', later)).length).toBe(2);
  });

  it('is one of ten at most, and its making and its end are in the audit log without its hash', async () => {
    await undone(async () => {
      await become(admin, 'authenticated', a.owner);
      const make = () =>
        admin.query("select public.create_api_token($1, 'More', '{telemetry,devices,devices}', 30, $2) as id", [
          a.id,
          randomBytes(32).toString('hex'),
        ]);
      const made = (await make()).rows[0].id;
      for (let n = 2; n < 10; n += 1) await make();
      await admin.query('savepoint ten');
      await expect(make()).rejects.toThrow('this tenant has 10 API tokens, its limit is 10');
      await admin.query('rollback to savepoint ten');
      await admin.query('select public.revoke_api_token($1)', [made]);
      const { rows } = await admin.query(
        "select action, details from public.audit_log where details ->> 'id' = $1 order by id",
        [made],
      );
      expect(rows.map(({ action }) => action)).toEqual(['api_token.created', 'api_token.deleted']);
      expect(rows[0].details.scopes).toEqual(['devices', 'telemetry']);
      expect(JSON.stringify(rows)).not.toContain('token_hash');
    });
  });
});

describe('a reader', () => {
  const password = randomBytes(24).toString('base64url');
  /** Logged in, with a temporary table and a large object, which every login may make. */
  const hoarder = async (role: string) => {
    const reader = await connect(Object.assign(new URL(database.postgres.url), { username: role, password }).href);
    await reader.query('set default_transaction_read_only = off');
    await reader.query("create temporary table kept as select 1; select lo_from_bytea(0, 'kept')");
    const closed = new Promise((resolve) => reader.once('error', resolve));
    return { reader, closed };
  };
  const remains = async () =>
    (
      await admin.query(
        "select rolname from pg_roles where rolname ~ '^reader_' union all select oid::text from pg_largeobject_metadata",
      )
    ).rows;

  it('that owns something is removed by an operator who is not a superuser', async () => {
    await admin.query(`create role plain_operator login createrole bypassrls password '${password}';
      grant tenant_reader to plain_operator with admin option, inherit false; grant pg_signal_backend to plain_operator;
      grant select on public.tenants to plain_operator; grant usage on schema public to plain_operator`);
    const operator = await connect(
      Object.assign(new URL(database.postgres.url), { username: 'plain_operator', password }).href,
    );
    try {
      const { closed } = await hoarder(await makeReader(operator, 'acme', password));
      expect(await removeReader(operator, 'acme')).toBe(true);
      await closed;
      expect(await remains()).toEqual([]);
    } finally {
      await operator.end();
    }
  });

  it('is locked out when the deletion of its tenant begins, and leaves nothing at its end', async () => {
    const role = await makeReader(admin, 'acme', password);
    const { closed } = await hoarder(role);
    await admin.query('select ingest.close_reader($1)', [world.a.id]);
    await closed;
    await expect(hoarder(role)).rejects.toThrow('the server refuses this user');
    await admin.query('select ingest.drop_reader($1)', [world.a.id]);
    expect(await remains()).toEqual([]);
  });

  it('reads one tenant’s rows, writes nothing, and is gone when it is removed', async () => {
    const role = await makeReader(admin, 'globex', password);
    expect(role).toBe(readerRole(world.b.id));
    const url = Object.assign(new URL(database.postgres.url), { username: role, password });
    const reader = await connect(url.href);
    for (const table of ['devices', 'telemetry', 'telemetry_rollups', 'device_status', 'alert_rules', 'alerts']) {
      const { rows } = await reader.query(`select distinct tenant_id from public.${table}`);
      expect(rows, table).toEqual([{ tenant_id: world.b.id }]);
    }
    const settings = await reader.query(
      "select current_setting('statement_timeout') as timeout, current_setting('default_transaction_read_only') as ro",
    );
    expect(settings.rows).toEqual([{ timeout: '15s', ro: 'on' }]);
    const attacks = [
      'select from public.tenants',
      'select from public.memberships',
      'select from public.api_tokens',
      'select from public.device_credentials',
      'select from auth.users',
      'select earlier from public.device_status',
      "insert into public.devices (tenant_id, slug, name) values (gen_random_uuid(), 'x', 'x')",
      'delete from public.telemetry',
      'create table public.mine (id int)',
      'select public.read_devices()',
      "select access.require_role(gen_random_uuid(), '{owner}')",
      `set role ${readerRole(world.a.id)}`,
      'set role tenant_reader; set role authenticated',
    ];
    // A session may undo its own settings; its rights hold without them.
    await reader.query('set default_transaction_read_only = off');
    for (const sql of attacks) {
      await expect(reader.query(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|22023)$/) });
    }
    const more = await Promise.allSettled(Array.from({ length: 4 }, () => connect(url.href)));
    expect(more.filter(({ status }) => status === 'rejected').length).toBe(1);
    for (const one of more) if (one.status === 'fulfilled') await one.value.end();
    const closed = new Promise((resolve) => reader.once('error', resolve));
    expect(await removeReader(admin, 'globex')).toBe(true);
    await closed;
    await expect(connect(url.href)).rejects.toThrow();
    expect(await removeReader(admin, 'globex')).toBe(false);
    await expect(makeReader(admin, 'nobody', password)).rejects.toThrow('there is no tenant "nobody"');
  });
});
