// Tenants, members and invitations, as the people who use them; the last owner, also when two act at once; the audit log.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeTenant } from './registry.ts';
import { become, NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person, SELF_SERVICE } from './testing/world.ts';

let database: TestDatabase;
let ann: Person;
let bob: Person;
let eve: Person;
let tenant: string;

beforeAll(async () => {
  database = await startTestDatabase();
  await database.admin.query(SELF_SERVICE);
  ann = await makePerson(database.admin, 'ann@acme.example');
  bob = await makePerson(database.admin, 'bob@acme.example');
  eve = await makePerson(database.admin, 'eve@evil.example');
  tenant = await call(ann, 'select public.create_tenant($1, $2) as value', ['acme', 'Acme']);
});
afterAll(() => database.stop());

/** The one value that a person's query returns. */
async function call(person: Person, sql: string, values: unknown[] = []) {
  return (await database.asUser(person, sql, values)).rows[0]?.value;
}

const invite = (email: string, role = 'staff', by = ann): Promise<string> =>
  call(by, 'select public.create_invitation($1, $2, $3) as value', [tenant, email, role]);
const accept = (person: Person, token: string) =>
  database.asUser(person, 'select * from public.accept_invitation($1)', [token]);
const changeRole = (by: Person, whom: Person, role: string) =>
  database.asUser(by, 'select public.change_role($1, $2, $3)', [tenant, whom.sub, role]);
const remove = (by: Person, whom: Person) =>
  database.asUser(by, 'select public.remove_member($1, $2)', [tenant, whom.sub]);

async function rolesOf(): Promise<Record<string, string>> {
  const { rows } = await database.admin.query('select email, role from public.memberships where tenant_id = $1', [
    tenant,
  ]);
  return Object.fromEntries(rows.map(({ email, role }) => [email, role]));
}

describe('a tenant', () => {
  it('belongs to who made it', async () => {
    const { rows } = await database.asUser(ann, 'select * from public.my_tenants()');
    expect(rows).toEqual([{ tenant_id: tenant, slug: 'acme', name: 'Acme', role: 'owner' }]);
  });

  it.each([
    ['Not A Slug', 'Acme', '22023'],
    ['fine', '', '22023'],
  ])('is refused as %s, %s', async (slug, name, code) => {
    await expect(call(bob, 'select public.create_tenant($1, $2)', [slug, name])).rejects.toMatchObject({ code });
  });
});

describe('an invitation', () => {
  it('is a long random token, stored as a hash, shown to nobody again', async () => {
    const tokens = [await invite('x@acme.example'), await invite('y@acme.example')];
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(tokens).size).toBe(2);
    const { rows } = await database.admin.query('select i::text as row from public.invitations as i');
    expect(rows.some(({ row }) => tokens.some((token) => row.includes(token)))).toBe(false);
  });

  it('is for its address alone, in whatever case, and works once', async () => {
    const token = await invite(' Bob@ACME.example ');
    await expect(accept(eve, token)).rejects.toMatchObject({ code: REFUSED });
    const claims = { ...bob, email: 'BOB@acme.example' };
    expect((await accept(claims, token)).rows).toEqual([{ tenant_id: tenant, slug: 'acme', role: 'staff' }]);
    expect(await rolesOf()).toMatchObject({ 'bob@acme.example': 'staff' });
    await expect(accept(bob, token)).rejects.toMatchObject({ code: NOT_FOUND });
    await expect(invite(bob.email)).rejects.toMatchObject({ code: '23505' });
  });

  it('is refused when it has expired, was revoked, was replaced, or never was: all with the same answer', async () => {
    const expired = await invite(eve.email);
    await database.admin.query('update public.invitations set expires_at = now() where email = $1', [eve.email]);
    const replaced = await invite(eve.email);
    const revoked = await invite(eve.email);
    const { rows } = await database.asUser(
      ann,
      'select id from public.invitations where email = $1 and revoked_at is null',
      [eve.email],
    );
    expect(rows).toHaveLength(1);
    await database.asUser(ann, 'select public.revoke_invitation($1)', [rows[0].id]);
    for (const token of [expired, replaced, revoked, 'no such token', '']) {
      await expect(accept(eve, token)).rejects.toMatchObject({
        code: NOT_FOUND,
        message: 'this invitation is not valid',
      });
    }
  });

  it('is used once also by two who come at the same time', async () => {
    const token = await invite(eve.email);
    const first = await database.open();
    const second = await database.open();
    for (const client of [first, second]) {
      await client.query('begin');
      await become(client, 'authenticated', eve);
    }
    await first.query('select public.accept_invitation($1)', [token]);
    const late = second.query('select public.accept_invitation($1)', [token]);
    const refused = expect(late).rejects.toMatchObject({ code: NOT_FOUND });
    await untilWaiting('accept_invitation');
    await first.query('commit');
    await refused;
    await second.query('rollback');
    await remove(ann, eve);
  });

  it('is closed when who made it is owner no longer', async () => {
    await changeRole(ann, bob, 'owner');
    const tokens = [await invite(eve.email, 'owner', bob), await invite('z@acme.example', 'viewer', bob)];
    await changeRole(ann, bob, 'staff');
    await expect(accept(eve, tokens[0]!)).rejects.toMatchObject({ code: NOT_FOUND });
    const { rows } = await database.admin.query(
      'select from public.invitations where invited_by = $1 and revoked_at is null and accepted_at is null',
      [bob.sub],
    );
    expect(rows).toEqual([]);
  });

  it('gives no other role to who became a member without it, and is closed when they are removed', async () => {
    const token = await invite(eve.email, 'owner');
    await database.admin.query(
      "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'viewer')",
      [tenant, eve.sub, eve.email],
    );
    await expect(accept(eve, token)).rejects.toMatchObject({ code: '23505' });
    expect(await rolesOf()).toMatchObject({ [eve.email]: 'viewer' });
    await remove(ann, eve);
    await expect(accept(eve, token)).rejects.toMatchObject({ code: NOT_FOUND });
  });

  it('tells the holder of its token what it is for, signed in or not, and nobody else', async () => {
    const facts = async (role: string, token: string) =>
      (await database.asApiRole(role, 'select * from public.invitation_facts($1)', [token])).rows;
    const token = await invite('facts@acme.example', 'viewer');
    for (const role of ['anon', 'authenticated']) {
      expect(await facts(role, token)).toEqual([{ tenant: 'Acme', inviter: ann.email, role: 'viewer' }]);
    }
    await database.admin.query('update public.invitations set expires_at = now() where email = $1', [
      'facts@acme.example',
    ]);
    for (const other of [token, 'no such token', '', 'x'.repeat(100_000)])
      expect(await facts('anon', other)).toEqual([]);
  });

  it('by the operator follows the same rules, and names nobody', async () => {
    const made = (email: string, role: string) =>
      database.admin.query('select access.invite($1, $2, $3) as token', [tenant, email, role]);
    await expect(made(ann.email, 'owner')).rejects.toMatchObject({ code: '23505' });
    await expect(made('no address', 'owner')).rejects.toMatchObject({ code: '22023' });
    const { rows } = await made(' First@ACME.example', 'owner');
    const facts = await database.asApiRole('anon', 'select * from public.invitation_facts($1)', [rows[0].token]);
    expect(facts.rows).toEqual([{ tenant: 'Acme', inviter: null, role: 'owner' }]);
    await expect(database.asUser(ann, "select access.invite($1, 'x@y.example', 'owner')", [tenant])).rejects.toThrow(
      'permission denied for function invite',
    );
  });

  it.each([
    ['no address', 'staff', '22023'],
    ['a@b.example', 'admin', '22023'],
  ])('is refused for %s as %s', async (email, role, code) => {
    await expect(invite(email, role)).rejects.toMatchObject({ code });
  });
});

describe('the last owner', () => {
  it('cannot leave, be demoted or be deleted, and can when there is another', async () => {
    for (const attempt of [() => remove(ann, ann), () => changeRole(ann, ann, 'viewer')]) {
      await expect(attempt()).rejects.toMatchObject({ code: REFUSED, hint: 'Make another member owner first.' });
    }
    await changeRole(ann, bob, 'owner');
    await changeRole(ann, ann, 'viewer');
    expect(await rolesOf()).toMatchObject({ [ann.email]: 'viewer', [bob.email]: 'owner' });
    await changeRole(bob, ann, 'owner');
  });

  it.each(['read committed', 'repeatable read'])('stays when two owners leave at once, in %s', async (isolation) => {
    const clients = [await database.open(), await database.open()];
    const people = [ann, bob];
    for (const [n, client] of clients.entries()) {
      await client.query(`begin isolation level ${isolation}`);
      await become(client, 'authenticated', people[n]!);
      // Under REPEATABLE READ this takes the snapshot in which both are owners.
      await client.query('select from public.my_tenants()');
    }
    const leave = (n: number) => clients[n]!.query('select public.remove_member($1, $2)', [tenant, people[n]!.sub]);
    await leave(0);
    const second = leave(1).then(
      () => 'left',
      (error) => error.code as string,
    );
    await untilWaiting('remove_member');
    await clients[0]!.query('commit');
    // Refused by the rule, or by Postgres because the tenant changed since the snapshot.
    expect([REFUSED, '40001']).toContain(await second);
    await clients[1]!.query('rollback');
    expect(await rolesOf()).toEqual({ [bob.email]: 'owner' });
    const token = await invite(ann.email, 'owner', bob);
    await accept(ann, token);
  });

  it('goes with the tenant', async () => {
    const gone = await call(eve, 'select public.create_tenant($1, $2) as value', ['gone', 'Gone']);
    await removeTenant(database.admin, 'gone');
    for (const table of ['memberships', 'audit_log', 'invitations']) {
      expect((await database.admin.query(`select from public.${table} where tenant_id = $1`, [gone])).rowCount).toBe(0);
    }
  });
});

describe('the audit log', () => {
  it('says who did what, and no hash', async () => {
    await database.asUser(bob, 'select public.create_invitation($1, $2, $3)', [tenant, 'new@acme.example', 'viewer']);
    const { rows } = await database.asUser(
      ann,
      'select actor_email, action, subject, details from public.audit_log order by id desc limit 1',
    );
    expect(rows).toMatchObject([
      {
        actor_email: bob.email,
        action: 'invitation.created',
        subject: 'new@acme.example',
        details: { role: 'viewer' },
      },
    ]);
    const all = await database.admin.query('select details::text as text from public.audit_log');
    expect(all.rows.some(({ text }) => text.includes('hash'))).toBe(false);
  });

  it.each([
    "update public.audit_log set action = 'nothing'",
    'delete from public.audit_log',
    'truncate public.audit_log',
  ])('cannot be changed, not even by a superuser: %s', async (sql) => {
    await expect(database.admin.query(sql)).rejects.toMatchObject({ code: REFUSED, message: /append only/ });
  });
});

/** Until some connection waits for a lock in a query that names this. */
async function untilWaiting(name: string): Promise<void> {
  const sql = "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ $1";
  while ((await database.admin.query(sql, [name])).rowCount === 0) await sleep(10);
}
