// A stolen session against another tenant: nothing of theirs is in any answer, nothing of theirs has changed, and no
// answer says that they exist.
import { text } from 'node:stream/consumers';
import { to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attackStatement } from './testing/attack-sql.ts';
import { ATTACKED, type Attack, attacksOn, escalations, nobody, secretsOf, sqlAttacks } from './testing/attacks.ts';
import { type Relation, readRelations } from './testing/cells.ts';
import { become, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makeWorld, type Person, type World } from './testing/world.ts';

/** Not staff: in every cell of both matrices they may do what owners may, or less. */
const SESSIONS = ['owner', 'viewer', 'stranger'] as const;

let database: TestDatabase;
let world: World;
let tables: Relation[];

beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  tables = await readRelations(database.admin);
  await database.admin.query('begin');
});
afterAll(async () => {
  await database.admin.query('rollback');
  await database.stop();
});

const personOf = (session: (typeof SESSIONS)[number]): Person =>
  session === 'stranger' ? world.stranger : world.a[session];

interface Answer {
  rows: unknown[];
  /** How many rows were changed, or read. */
  count: number;
  error?: { code: string; message: string; detail?: string; hint?: string };
}

/** Runs a statement; the lines of a COPY are its rows, which the driver alone would throw away. */
async function run(sql: string, values: unknown[]): Promise<Pick<Answer, 'rows' | 'count'>> {
  if (/ to stdout$/.test(sql)) {
    const rows = (await text(database.admin.query(copyTo(sql)))).split('\n').slice(0, -1);
    return { rows, count: rows.length };
  }
  const { rows, rowCount } = await database.admin.query(sql, values);
  return { rows: rows ?? [], count: rowCount ?? 0 };
}

/** Tries an attack, looks at what `after` finds out when it was not refused, and undoes it. */
async function attempt<T>(
  who: Person,
  attack: Attack,
  after: () => Promise<T>,
): Promise<Answer & { after: T | undefined }> {
  const { admin } = database;
  const { sql, values } = attackStatement(attack);
  await admin.query('savepoint attack');
  let answer: Answer;
  try {
    await become(admin, 'authenticated', who);
    await admin.query('savepoint statement');
    answer = await run(sql, values);
  } catch (error) {
    const { code, message, detail, hint } = error as NonNullable<Answer['error']>;
    await admin.query('rollback to savepoint statement');
    answer = { rows: [], count: 0, error: { code, message, detail, hint } };
  }
  await admin.query("select set_config('role', 'none', true)");
  // A statement that failed has changed nothing.
  const found = answer.error ? undefined : await after();
  await admin.query('rollback to savepoint attack; release savepoint attack');
  return { ...answer, after: found };
}

/** A hash of everything the victim has, in every table; and of all tables that belong to nobody. Views show only these, and ages. */
async function fingerprint(): Promise<string> {
  const parts = tables
    .filter(({ isView }) => !isView)
    .map(
      ({ name, tenantColumn }) =>
        `select '${name}' || coalesce(string_agg(t::text, ',' order by t::text), '') as part from ${name} as t
         where ${tenantColumn ? `${tenantColumn} = '${world.b.id}'` : 'true'}`,
    );
  const { rows } = await database.admin.query(
    `select md5(string_agg(part, ';' order by part)) as hash from (${parts.join(' union all ')}) as p`,
  );
  return rows[0].hash;
}

describe('the attacks', () => {
  it('are on every table and view of the API', async () => {
    const exposed = tables.map(({ name }) => name).filter((name) => name.startsWith('public.'));
    expect(ATTACKED.map((name) => `public.${name}`).toSorted()).toEqual(exposed.toSorted());
    expect(attacksOn(world.b, world).length).toBeGreaterThan(200);
  });

  it.each(SESSIONS)('by a session of the %s get, change and learn nothing of another tenant', async (session) => {
    const who = personOf(session);
    const before = await fingerprint();
    const secrets = secretsOf(world.b);
    const onNobody = attacksOn(nobody(world), world);
    for (const [n, attack] of [...attacksOn(world.b, world), ...sqlAttacks(world.b)].entries()) {
      const answer = await attempt(who, attack, fingerprint);
      expect(answer.after ?? before, `${attack.name} changed something`).toBe(before);
      const shown = JSON.stringify([answer.rows, answer.error], (_, value) =>
        Buffer.isBuffer(value) ? `${value}` : value,
      );
      // An error may repeat what it was sent, a row nothing.
      const sent = answer.error ? JSON.stringify(attack) : '';
      expect(
        secrets.filter((secret) => shown.includes(secret) && !sent.includes(secret)),
        attack.name,
      ).toEqual([]);
      const imagined = onNobody[n];
      if (imagined === undefined || KNOWN_DIFFERENCES.includes(attack.name)) continue;
      expect(plain(answer), attack.name).toBe(plain(await attempt(who, imagined, async () => undefined)));
    }
  });

  it.each(['staff', 'viewer'] as const)('by the %s make them no more than that', async (session) => {
    const me = world.a[session];
    const rights = async () => {
      const { rows } = await database.admin.query(
        `select m::text from public.memberships as m union all select i::text from public.invitations as i
         union all select l::text from public.tenant_limits as l union all select a::text from public.audit_log as a order by 1`,
      );
      return JSON.stringify(rows);
    };
    const before = await rights();
    for (const attack of escalations(world, me)) {
      const { rows, after } = await attempt(me, attack, rights);
      expect(rows, attack.name).toEqual([]);
      expect(after ?? before, attack.name).toBe(before);
    }
  });

  it('would be noticed if one worked', async () => {
    await database.admin.query('savepoint open');
    const before = await fingerprint();
    await database.admin.query(`
      grant update (tenant_id) on public.alert_rules to authenticated;
      create policy leak on public.alert_rules to authenticated using (true) with check (true);
      create policy leak on public.devices to authenticated using (true);
      create policy leak on public.telemetry to authenticated using (true)`);
    const attacks = [
      ...attacksOn(world.b, world).filter((attack) => 'table' in attack && attack.table === 'alert_rules'),
      ...sqlAttacks(world.b).filter(({ name }) => name.endsWith(' to stdout')),
    ];
    const worked: string[] = [];
    for (const attack of attacks) {
      const { rows, after } = await attempt(world.a.viewer, attack, fingerprint);
      if ((after ?? before) !== before || JSON.stringify(rows).includes(world.b.id)) worked.push(attack.name);
    }
    await database.admin.query('rollback to savepoint open');
    expect(worked).toEqual(
      expect.arrayContaining([
        'read alert_rules by id',
        'insert into alert_rules',
        'change alert_rules by id',
        'delete from alert_rules by tenant',
        'copy public.devices to stdout',
        'copy (select * from public.telemetry) to stdout',
      ]),
    );
  });
});

/** What an answer says, without the names in it. */
const plain = ({ error, count }: Answer) =>
  JSON.stringify({ error, count }).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID');

/** The holder of an invitation's token was told that its tenant exists. */
const KNOWN_DIFFERENCES = ['call accept_invitation'];
