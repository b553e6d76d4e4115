// Who may do what with which table, tried on a real server, against the expectation in testing/matrix.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTORS, LESSER_ROLES, prepareActors } from './testing/actors.ts';
import { probe, type Relation, readRelations } from './testing/cells.ts';
import { become, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { COLUMNS, readMatrix } from './testing/matrix.ts';
import { makeWorld, type World } from './testing/world.ts';

let database: TestDatabase;
let world: World;
let relations: Relation[];
const matrix = readMatrix();
type Verb = 'select' | 'insert' | 'update';
const COLUMN_CASES = Object.entries(COLUMNS).flatMap(([table, roles]) =>
  Object.entries(roles).flatMap(([role, verbs]) =>
    Object.entries(verbs).map(([verb, columns]) => ({ table, role, verb: verb as Verb, listed: columns.split(' ') })),
  ),
);

beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  await prepareActors(database.admin);
  relations = await readRelations(database.admin);
  await database.admin.query('begin');
});
afterAll(async () => {
  await database.admin.query('rollback');
  await database.stop();
});

describe('the isolation matrix', () => {
  it('has a row for every table and view there is, and no other', () => {
    expect(matrix.map(({ table }) => table).toSorted()).toEqual(relations.map(({ row }) => row).toSorted());
  });

  it.each(matrix)('$table', async ({ table, cells }) => {
    const relation = relations.find(({ row }) => row === table)!;
    const found: Record<string, string> = {};
    for (const actor of ACTORS) found[actor] = await probe(database.admin, relation, actor, world);
    expect(found).toEqual(cells);
  });

  it('has the backup role read everything, and change nothing', async () => {
    for (const relation of relations) {
      const cell = await probe(database.admin, relation, 'backup', world);
      const half = relation.isView ? 'S' : 'S---';
      // A table without rows shows a dot instead.
      expect(cell.replaceAll('.', 'S'), relation.name).toBe(relation.tenantColumn ? `${half}/${half}` : half);
    }
  });

  it.each(COLUMN_CASES)('$role may $verb no other column of $table than those listed', async (one) => {
    const { table, role, verb, listed } = one;
    const relation = relations.find(({ row }) => row === table)!;
    const others = relation.columns.filter((column) => !listed.includes(column));
    expect(listed.filter((column) => !relation.columns.includes(column))).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
    for (const column of others) {
      const sql = {
        select: `select ${column} from ${table}`,
        insert: `insert into ${table} (${column}) values (default)`,
        update: `update ${table} set ${column} = default`,
      }[verb];
      await expect(refusal(role, sql), column).resolves.toContain('permission denied');
    }
  });

  it('has nobody granted to truncate a table, refer to it or hook a trigger into it, whatever they may do with its rows', async () => {
    const { rows } = await database.admin.query(
      `select relation, role, privilege from unnest($1::text[]) as relation, unnest($2::text[]) as role,
         unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
       where has_table_privilege(role, relation, privilege)`,
      [relations.map(({ name }) => name), LESSER_ROLES],
    );
    expect(rows).toEqual([]);
  });
});

/** What the server answers to a role's statement. */
async function refusal(role: string, sql: string): Promise<string> {
  await database.admin.query('savepoint refusal');
  try {
    await become(database.admin, role);
    await database.admin.query(sql);
    return 'it works';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await database.admin.query('rollback to savepoint refusal; release savepoint refusal');
  }
}
