// Who may call which function, and that it answers about another tenant as if there were none: the expectation is in
// testing/functions.ts. Each guard that functions ask is opened once, and its cells turn.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, actorsOf, LESSER_ROLES, prepareActors, roleOf } from './testing/actors.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';
import { FUNCTION_MATRIX, PRIVATE_FUNCTIONS, tryCall } from './testing/functions.ts';
import { OPENED } from './testing/guards.ts';
import { readMatrix } from './testing/matrix.ts';
import { makeWorld, type World } from './testing/world.ts';

const matrix = readMatrix(FUNCTION_MATRIX).map(({ table: name, cells }) => ({ name, cells }));

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  await prepareActors(database.admin);
  await database.admin.query('begin');
});
afterAll(async () => {
  await database.admin.query('rollback');
  await database.stop();
});

/** A function's row as it is in the database. */
async function probe(name: string, actors: Actor[]): Promise<Record<string, string>> {
  const cells: Record<string, string> = {};
  for (const actor of actors) {
    const own = await tryCall(database.admin, name, actor, world, world.a);
    cells[actor] = `${own}/${await tryCall(database.admin, name, actor, world, world.b)}`;
  }
  return cells;
}

/** Runs `work` after a change that is then undone. */
async function withChange<T>(sql: string, work: () => Promise<T>): Promise<T> {
  await database.admin.query('savepoint change');
  await database.admin.query(sql);
  const result = await work();
  await database.admin.query('rollback to savepoint change; release savepoint change');
  return result;
}

/** Every function that is not an extension's: `schema.name(arguments)`, its name, and who may execute it. */
async function readFunctions(schemas: string[]) {
  const { rows } = await database.admin.query<{ signature: string; name: string; roles: string[] }>(
    `select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature,
       n.nspname || '.' || p.proname as name,
       array(select role from unnest($2::text[]) as role where has_function_privilege(role, p.oid, 'execute')) as roles
     from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname = any ($1) and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
     order by 1`,
    [schemas, LESSER_ROLES],
  );
  return rows;
}

describe('the functions', () => {
  it('have a row for each that there is, once, and no other', async () => {
    const functions = await readFunctions(['public']);
    expect(functions.map(({ name }) => name).toSorted()).toEqual(matrix.map(({ name }) => `public.${name}`).toSorted());
  });

  it.each(matrix)('$name', async ({ name, cells }) => {
    expect(await probe(name, Object.keys(cells) as Actor[])).toEqual(cells);
  });

  it('of private schemas are executed by those listed', async () => {
    const functions = await readFunctions(['access', 'ingest', 'broker']);
    const executed = functions.filter(({ roles }) => roles.length > 0).map(({ name, roles }) => [name, roles]);
    expect(Object.fromEntries(executed)).toEqual(PRIVATE_FUNCTIONS);
  });
});

describe('the function matrix notices', () => {
  it('each EXECUTE that is taken away, and each that is given', async () => {
    for (const { signature, name } of await readFunctions(['public'])) {
      const row = matrix.find((one) => `public.${one.name}` === name)!;
      for (const role of LESSER_ROLES) {
        const expected = Object.fromEntries(actorsOf(role).map((actor) => [actor, row.cells[actor]!]));
        const granted = Object.values(expected).some((cell) => cell !== '-/-');
        const change = granted
          ? `revoke execute on function ${signature} from ${role}`
          : `grant execute on function ${signature} to ${role}`;
        const found = await withChange(change, () => probe(row.name, actorsOf(role)));
        for (const actor of actorsOf(role)) expect(found[actor], change).not.toBe(expected[actor]);
      }
    }
  });

  it.each([
    { guard: 'require_role', signs: 'fn', guards: (name: string) => !UNGUARDED.includes(name) },
    { guard: 'my_tenants', signs: '0', guards: (name: string) => !UNGUARDED.includes(name) },
    { guard: 'staffed_tenants', signs: 'f0', guards: (name: string) => ASK_STAFFED.includes(name) },
  ] as const)('$guard that lets everybody pass, in every cell it guards', async ({ guard, signs, guards }) => {
    for (const { name, cells } of matrix.filter(({ name }) => guards(name))) {
      const members = Object.keys(cells).filter((actor) => roleOf(actor as Actor) === 'authenticated') as Actor[];
      const found = await withChange(OPENED[guard], () => probe(name, members));
      for (const actor of members) {
        for (const half of [0, 1]) {
          const [before, now] = [cells[actor]!.split('/')[half]!, found[actor]!.split('/')[half]!];
          if (signs.includes(before)) expect(now, `${name} ${actor} ${half ? 'other' : 'own'}`).not.toBe(before);
        }
      }
    }
  });
});

const ASK_STAFFED = ['request_redrive', 'question_facts'];

/** Ask by themselves: for a token, whose address it is, which rows are mine, or are for the platform. */
const UNGUARDED = [
  'accept_invitation',
  'invitation_facts',
  'my_tenants',
  'create_tenant',
  'tenants_left',
  'maintenance',
  'take_my_address',
  'read_token',
  'read_devices',
  'read_readings',
  'read_alerts',
  // Ask the policies of their tables.
  'dead_letters_counted',
  ...ASK_STAFFED,
  'evaluate_alert_rules',
];
