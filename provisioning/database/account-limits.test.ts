// What a signed-in person, and a tenant, may have at most, beside a victim who is not concerned. The operator is not bound.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERSON_LIMITS, QUESTION_LIMITS, READING_LIMITS, TENANT_LIMITS } from '../../domain/account-limits.ts';
import { addDevice } from './registry.ts';
import { become, NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, makeWorld, type Person, SAMPLE_HASH, type Tenant, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
/** Attacks; globex is beside it. */
let acme: Tenant;
let ann: Person;
/** Connections that people use at the same time. */
let clients: Client[];

beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  acme = world.a;
  ann = await makePerson(database.admin, 'ann@acme.example');
  clients = await Promise.all(Array.from({ length: 32 }, () => database.open()));
});
afterAll(() => database.stop());

const makeTenant = async (person: Person, slug: string): Promise<string | null> =>
  (await database.asUser(person, 'select public.create_tenant($1, $1) as id', [slug])).rows[0].id;
const limitPlatform = (column: string, value: number) =>
  database.admin.query(`update access.platform_limits set ${column} = $1`, [value]);
const limitTenant = (tenant: Tenant, column: string, value: number | null) =>
  database.admin.query(
    `insert into public.tenant_limits (tenant_id, ${column}) values ($1, $2)
     on conflict (tenant_id) do update set ${column} = excluded.${column}`,
    [tenant.id, value],
  );
const limitUntil = (tenant: Tenant, name: string, value: number, until: string) =>
  database.admin.query(
    `insert into access.temporary_limits values ($1, $2, $3, now() + $4::interval)
     on conflict (tenant_id, name) do update set value = excluded.value, until = excluded.until`,
    [tenant.id, name, value, until],
  );

/** The same on every connection at once, each in a transaction of its own. Returns the errors. */
async function allAtOnce(person: Person, query: (n: number) => [sql: string, values: unknown[]]): Promise<unknown[]> {
  const errors = await Promise.all(
    clients.map(async (client, n) => {
      await client.query('begin');
      try {
        await become(client, 'authenticated', person);
        await client.query(...query(n));
        await client.query('commit');
        return undefined;
      } catch (error) {
        await client.query('rollback');
        return error;
      }
    }),
  );
  return errors.filter((error) => error !== undefined);
}

describe('the limits', () => {
  it('are the columns that the programs know, in both tables and for a while', async () => {
    const columnsOf = async (table: string) => {
      const { rows } = await database.admin.query<{ name: string }>(
        `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
           and attname not in ('id', 'tenant_id', 'max_payload_bytes', 'max_depth', 'max_ahead_seconds', 'max_age_seconds', 'burst_minutes')`,
        [table],
      );
      return rows.map(({ name }) => name).toSorted();
    };
    const tenant = Object.keys(TENANT_LIMITS);
    const own = Object.keys({ ...READING_LIMITS, ...QUESTION_LIMITS });
    expect(await columnsOf('access.platform_limits')).toEqual([...tenant, ...Object.keys(PERSON_LIMITS)].toSorted());
    expect(await columnsOf('public.tenant_limits')).toEqual([...tenant, ...own].toSorted());
    const { rows } = await database.admin.query(
      `select pg_get_constraintdef(oid) as text from pg_constraint
       where conrelid = 'access.temporary_limits'::regclass and pg_get_constraintdef(oid) like '%name = ANY%'`,
    );
    const names = [...rows[0].text.matchAll(/'([a-z_]+)'::text/g)].map(([, name]) => name);
    expect(names.toSorted()).toEqual([...tenant, ...own].toSorted());
  });

  it('are shown to members with what is used, and to nobody else', async () => {
    const ask = async (person: Person) =>
      (await database.asUser(person, 'select * from public.limits_in_use($1)', [acme.id])).rows;
    const rows = await ask(acme.viewer);
    expect(rows.map(({ name }) => name)).toEqual(
      Object.keys({ ...TENANT_LIMITS, ...READING_LIMITS, ...QUESTION_LIMITS }).toSorted(),
    );
    // Of makeWorld: a number of its own until 2099.
    expect(rows.find(({ name }) => name === 'max_devices')).toMatchObject({ most: '900', used: '2' });
    expect(rows.find(({ name }) => name === 'max_dead_letters')).toMatchObject({
      most: '10000',
      used: '1',
      until: null,
    });
    await expect(ask(world.b.owner)).rejects.toMatchObject({ code: NOT_FOUND });
  });

  it('show what was used today, not on an earlier day', async () => {
    const used = async (day: string) => {
      await database.admin.query(`update ingest.quota_use set bytes = 7, day = ${day} where tenant_id = $1`, [acme.id]);
      const { rows } = await database.asUser(
        acme.viewer,
        "select used from public.limits_in_use($1) where name = 'bytes_per_day'",
        [acme.id],
      );
      return rows[0].used;
    };
    const today = "(now() at time zone 'UTC')::date";
    expect(await used(`${today} - 1`)).toBeNull();
    expect(await used(today)).toBe('7');
  });

  it('are those of the tenant, else the platform’s; a temporary one goes before both, and ends by itself', async () => {
    const limit = async () =>
      (await database.admin.query("select access.limit_of($1, 'max_rules')::int as n", [acme.id])).rows[0].n;
    expect(await limit()).toBe(50);
    await limitTenant(acme, 'max_rules', 60);
    expect(await limit()).toBe(60);
    await limitUntil(acme, 'max_rules', 70, '1 hour');
    expect(await limit()).toBe(70);
    await limitUntil(acme, 'max_rules', 70, '-1 second');
    expect(await limit()).toBe(60);
    await limitTenant(acme, 'max_rules', null);
    expect(await limit()).toBe(50);
    const { rows } = await database.admin.query(
      "select action, subject from public.audit_log where tenant_id = $1 and action like 'limit%' order by id desc limit 2",
      [acme.id],
    );
    expect(rows).toMatchObject([{ action: 'limits.changed' }, { action: 'limit.changed', subject: 'max_rules' }]);
  });

  it('of readings hold for a while, too', async () => {
    const left = async () =>
      (await database.admin.query('select * from ingest.quota_left(array[$1::uuid])', [acme.id])).rows[0].readings;
    await limitTenant(acme, 'readings_per_day', 1000);
    expect(await left()).toBe('999');
    await limitUntil(acme, 'readings_per_day', 5000, '1 hour');
    expect(await left()).toBe('4999');
    // One without a quota of its own becomes metered.
    await database.admin.query('delete from public.tenant_limits where tenant_id = $1', [world.b.id]);
    const metered = async () =>
      (
        await database.admin.query('select metered from ingest.registered_devices where device_id = $1', [
          world.b.device,
        ])
      ).rows[0].metered;
    expect(await metered()).toBe(false);
    await limitUntil(world.b, 'readings_per_minute', 5, '1 hour');
    expect(await metered()).toBe(true);
  });
});

/** What a member adds, and what bounds it. */
interface Adding {
  limit: string;
  message: RegExp;
  sql: string;
  values: (tenant: Tenant, n: number) => unknown[];
}

const ADDING: Record<string, Adding> = {
  devices: {
    limit: 'max_devices',
    message: /^this tenant has \d+ devices, its limit is \d+$/,
    sql: 'select public.add_device($1, $2, $2, $3)',
    values: ({ id }, n) => [id, `d-${n}`, SAMPLE_HASH],
  },
  'alert rules': {
    limit: 'max_rules',
    message: /^this tenant has \d+ alert rules, its limit is \d+$/,
    sql: "insert into public.alert_rules (tenant_id, name, kind, window_minutes) values ($1, $2, 'missing', 5)",
    values: ({ id }, n) => [id, `rule ${n}`],
  },
  invitations: {
    limit: 'max_invitations',
    message: /^this tenant has \d+ open invitations, its limit is \d+$/,
    sql: "select public.create_invitation($1, $2, 'viewer')",
    values: ({ id }, n) => [id, `guest-${n}@acme.example`],
  },
  commands: {
    limit: 'max_commands',
    message: /^\d+ commands wait for this tenant's devices, the limit is \d+$/,
    sql: 'select public.send_command($1, $2)',
    values: ({ device }, n) => [device, { n }],
  },
};

describe.each(Object.entries(ADDING))('%s', (_, { limit, message, sql, values }) => {
  it('are added by 32 connections at once up to the limit and no further; another tenant adds on', async () => {
    await database.admin.query('delete from access.temporary_limits');
    const used = async () =>
      Number(
        (
          await database.asUser(acme.owner, 'select used from public.limits_in_use($1) where name = $2', [
            acme.id,
            limit,
          ])
        ).rows[0].used,
      );
    const most = (await used()) + 5;
    await limitTenant(acme, limit, most);
    const refused = await allAtOnce(acme.owner, (n) => [sql, values(acme, n)]);
    expect(refused).toHaveLength(32 - 5);
    for (const error of refused) {
      expect(error).toMatchObject({ code: REFUSED, message: expect.stringMatching(message) });
    }
    expect(await used()).toBe(most);
    await database.asUser(world.b.owner, sql, values(world.b, 0));
  });
});

describe('a tenant at its limit', () => {
  it('takes no more members, and says so to the one who accepts', async () => {
    await limitTenant(acme, 'max_members', 4);
    await expect(
      database.asUser(world.newcomer, 'select * from public.accept_invitation($1)', [acme.token]),
    ).rejects.toMatchObject({ code: REFUSED, message: 'this tenant has 4 members, its limit is 4' });
    await database.asUser(world.newcomer, 'select * from public.accept_invitation($1)', [world.b.token]);
  });

  it('says nothing of itself to others who add a rule to it', async () => {
    await limitTenant(world.b, 'max_rules', 0);
    const [sql, values] = [ADDING['alert rules']!.sql, ADDING['alert rules']!.values(world.b, 1)];
    await expect(database.asUser(acme.owner, sql, values)).rejects.toMatchObject({ message: /row-level security/ });
  });

  it('has no rule with a longer window, neither new nor changed', async () => {
    await limitTenant(acme, 'max_window_minutes', 60);
    await limitTenant(acme, 'max_rules', 100);
    const message = "the window of 61 minutes is too long, this tenant's limit is 60";
    await expect(
      database.asUser(
        acme.owner,
        "insert into public.alert_rules (tenant_id, name, kind, window_minutes) values ($1, 'x', 'missing', 61)",
        [acme.id],
      ),
    ).rejects.toMatchObject({ code: REFUSED, message });
    await expect(
      database.asUser(acme.owner, 'update public.alert_rules set window_minutes = 61 where id = $1', [acme.rule]),
    ).rejects.toMatchObject({ code: REFUSED, message });
  });

  it('gets more devices from the operator', async () => {
    await limitTenant(acme, 'max_devices', 0);
    await addDevice(database.admin, { tenant: acme.slug, device: 'by-the-operator' });
  });
});

describe('commands', () => {
  const send = (device: string, bytes: number) =>
    database.asUser(world.b.staff, 'select public.send_command($1, $2)', [device, { x: 'x'.repeat(bytes) }]);

  it('of 60 kB wait for a device until half a megabyte is reached; another device gets one', async () => {
    let sent = 0;
    const refused = await (async () => {
      for (; ; sent++) await send(world.b.device, 60_000);
    })().catch((error: unknown) => error);
    expect(sent).toBe(8);
    expect(refused).toMatchObject({ code: REFUSED, message: /would wait for this device, the limit is 524288$/ });
    await send(world.b.spareDevice, 60_000);
  });

  it('that ended go, oldest first, when there are many: the table does not grow', async () => {
    await limitTenant(world.b, 'max_commands', 2);
    await limitTenant(world.b, 'max_command_bytes', 200_000);
    for (let n = 0; n < 40; n++) {
      await database.admin.query('update public.device_commands set sent_at = now() where tenant_id = $1', [
        world.b.id,
      ]);
      await send(world.b.device, n % 2 === 0 ? 1 : 60_000);
    }
    const { rows } = await database.admin.query(
      'select count(*)::int as n, sum(bytes)::int as bytes from public.device_commands where tenant_id = $1',
      [world.b.id],
    );
    expect(rows[0].n).toBe(20);
    expect(rows[0].bytes).toBeLessThanOrEqual(800_000);
  });

  it('that have expired are not sent', async () => {
    await database.admin.query('delete from public.device_commands');
    await send(world.b.device, 1);
    const due = async () =>
      (await database.admin.query("select from ingest.control_work(10, 1000000) where kind = 'command'")).rowCount;
    expect(await due()).toBe(1);
    await database.admin.query("update public.device_commands set expires_at = now() - interval '1 second'");
    expect(await due()).toBe(0);
  });
});

describe('a person', () => {
  it('makes no tenant unless the platform says so', async () => {
    const fresh = await startTestDatabase();
    try {
      const eve = await makePerson(fresh.admin, 'eve@evil.example');
      await expect(fresh.asUser(eve, "select public.create_tenant('eve', 'Eve')")).rejects.toMatchObject({
        code: REFUSED,
        message: "tenants are made by the platform's operator here",
      });
      expect((await fresh.asUser(eve, 'select public.tenants_left() as n')).rows).toEqual([{ n: 0 }]);
      await addDevice(fresh.admin, { tenant: 'operators', device: 'pump', createTenant: true });
    } finally {
      await fresh.stop();
    }
  });

  it('makes as many as the platform says; also after giving one away', async () => {
    await limitPlatform('tenants_per_person', 2);
    await makeTenant(ann, 'ann-1');
    const second = await makeTenant(ann, 'ann-2');
    const bob = await makePerson(database.admin, 'bob@acme.example');
    await database.admin.query(
      "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')",
      [second, bob.sub, bob.email],
    );
    await database.asUser(ann, 'select public.remove_member($1, $2)', [second, ann.sub]);
    await expect(makeTenant(ann, 'ann-3')).rejects.toMatchObject({
      code: REFUSED,
      message: 'you have made 2 tenants, as many as one person may make here',
    });
    await makeTenant(bob, 'bob-1');
  });

  it('cannot make two at once where one is allowed', async () => {
    await limitPlatform('tenants_per_person', 1);
    const eve = await makePerson(database.admin, 'eve@evil.example');
    const refused = await allAtOnce(eve, (n) => ["select public.create_tenant($1, 'Eve')", [`eve-${n}`]]);
    expect(refused).toHaveLength(31);
    for (const error of refused) expect(error).toMatchObject({ code: REFUSED });
  });

  it('cannot look up which slugs are taken, 20 a day', async () => {
    await limitPlatform('tenants_per_person', 5);
    const spy = await makePerson(database.admin, 'spy@evil.example');
    for (let n = 0; n < 20; n++) expect(await makeTenant(spy, 'globex')).toBeNull();
    for (const slug of ['globex', 'free-name'])
      await expect(makeTenant(spy, slug)).rejects.toMatchObject({ code: REFUSED, message: /20 slugs/ });
    await database.admin.query('update access.refused_slugs set day = day - 1 where user_id = $1', [spy.sub]);
    expect(await makeTenant(spy, 'free-name')).not.toBeNull();
  });

  it('sends a limited number of invitations in a day, revoked ones included', async () => {
    await limitPlatform('invitations_per_person_day', 3);
    const invite = (person: Person, tenant: Tenant, n: number) =>
      database.asUser(person, "select public.create_invitation($1, $2, 'viewer')", [tenant.id, `n${n}@x.example`]);
    await limitTenant(acme, 'max_invitations', 100);
    await database.admin.query('delete from public.invitations where tenant_id = $1', [acme.id]);
    for (const n of [1, 1, 1]) await invite(acme.owner, acme, n);
    await expect(invite(acme.owner, acme, 2)).rejects.toMatchObject({
      code: REFUSED,
      message: 'you have sent 3 invitations in the last 24 hours, the limit is 3',
    });
    await database.admin.query('delete from public.invitations where tenant_id = $1', [world.b.id]);
    await invite(world.b.owner, world.b, 1);
  });

  it('makes a limited number of changes in a day, because the audit log keeps them; others of the tenant go on', async () => {
    const changes = async (person: Person) => {
      const sql = 'select count(*)::int as n from public.audit_log where actor_id = $1';
      return (await database.admin.query(sql, [person.sub])).rows[0].n as number;
    };
    const most = (await changes(acme.owner)) + 2;
    await limitPlatform('changes_per_person_day', most);
    const rename = (person: Person, name: string) =>
      database.asUser(person, 'select public.rename_device($1, $2)', [acme.device, name]);
    const refused = await (async () => {
      for (let n = 0; n <= most; n++) await rename(acme.staff, `name ${n}`);
    })().catch((error: unknown) => error);
    const message = `you have made ${most} changes in the last 24 hours, the limit is ${most}`;
    expect(refused).toMatchObject({ code: REFUSED, message });
    expect(await changes(acme.staff)).toBe(most);
    await rename(acme.owner, 'the owner’s');
    await limitPlatform('changes_per_person_day', 2000);
  });
});

it('without its row of limits the platform lets people make nothing', async () => {
  await database.admin.query('delete from access.platform_limits');
  await database.admin.query('delete from public.tenant_limits');
  const dora = await makePerson(database.admin, 'dora@acme.example');
  await expect(makeTenant(dora, 'dora-1')).rejects.toMatchObject({ code: REFUSED });
  const { sql, values } = ADDING.devices!;
  await expect(database.asUser(acme.owner, sql, values(acme, 99))).rejects.toMatchObject({ code: REFUSED });
});
