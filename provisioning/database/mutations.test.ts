// Each policy, grant and FORCE of the schema is needed, and the isolation matrix notices when one is gone or one too many
// is there: every statement of testing/mutations.ts turns cells red, its own and no others.
//
// The first of each kind is judged by all cells of the matrix, with MQTT_SAAS_TEST_DATABASE=whole (`npm run test:database`)
// the first of each kind on each table. The others are judged by the cells of their role and table, and of the views that
// read the table: grants and policies name one table and one role, and no role is a member of another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTORS, type Actor, prepareActors } from './testing/actors.ts';
import { probe, type Relation, readRelations } from './testing/cells.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';
import { readCell, readMatrix } from './testing/matrix.ts';
import { additions, type Mutation, openings, readDependents, removals } from './testing/mutations.ts';
import { makeWorld, type World } from './testing/world.ts';

const WHOLE = process.env.MQTT_SAAS_TEST_DATABASE === 'whole';
const matrix = new Map(readMatrix().map(({ table, cells }) => [table, cells]));

let database: TestDatabase;
let world: World;
let relations: Relation[];
let dependents: Map<string, string[]>;
/** Every place of the matrix that some mutation turned. */
const turned = new Set<string>();

beforeAll(async () => {
  database = await startTestDatabase();
  world = await makeWorld(database.admin);
  await prepareActors(database.admin);
  relations = await readRelations(database.admin);
  dependents = await readDependents(database.admin);
  await database.admin.query('begin');
});
afterAll(async () => {
  await database.admin.query('rollback');
  await database.stop();
});

/** What a mutation turned: `table actor half verb`, by looking at the cells concerned, or at all. */
async function turnedBy(mutation: Mutation, whole: boolean): Promise<string[]> {
  const { sql, actors } = mutation;
  const own = ownRelations(mutation);
  const concerned = whole ? relations : relations.filter(({ name }) => own.includes(name));
  const places: string[] = [];
  await database.admin.query('savepoint mutation');
  await database.admin.query(sql);
  for (const one of concerned) {
    for (const actor of whole ? ACTORS : actors) {
      const found = readCell(await probe(database.admin, one, actor, world));
      for (const [place, sign] of readCell(matrix.get(one.row)![actor]!)) {
        if (found.get(place) !== sign) places.push(`${one.row} ${actor} ${place}`);
      }
    }
  }
  await database.admin.query('rollback to savepoint mutation; release savepoint mutation');
  for (const place of places) turned.add(place);
  return places;
}

/** Tells which mutations of a list are judged by all cells. */
function wholeForFirsts(): (mutation: Mutation) => boolean {
  const judged = new Set<string>();
  return ({ kind, relation }) => {
    const group = WHOLE ? `${kind} ${relation}` : kind;
    const isFirst = !judged.has(group);
    judged.add(group);
    return isFirst;
  };
}

/** What a mutation changes, and the views on that. */
function ownRelations({ relation, reads = [] }: Mutation): string[] {
  const tables = [relation, ...reads];
  return [...tables, ...tables.flatMap((table) => dependents.get(table) ?? [])];
}

function isOwn(place: string, mutation: Mutation): boolean {
  const [row, actor, , verb] = place.split(' ') as [string, Actor, string, string];
  const { name } = relations.find((candidate) => candidate.row === row)!;
  return mutation.actors.includes(actor) && mutation.verbs.includes(verb) && ownRelations(mutation).includes(name);
}

describe('the isolation matrix notices', () => {
  it('each policy, grant, granted column and FORCE that is taken away, and where', { timeout: 1_200_000 }, async () => {
    const mutations = await removals(database.admin, relations);
    expect(mutations.length).toBeGreaterThan(100);
    const isWhole = wholeForFirsts();
    for (const mutation of mutations) {
      const places = await turnedBy(mutation, isWhole(mutation));
      expect(places, `${mutation.sql}: nothing turned red`).not.toEqual([]);
      expect(
        places.filter((place) => !isOwn(place, mutation)),
        `${mutation.sql}: turned others red`,
      ).toEqual([]);
    }
  });

  it('each guard of a policy that lets everybody pass, in each cell of another tenant', async () => {
    const mutations = await openings(database.admin, relations);
    expect(new Set(mutations.map(({ sql }) => sql)).size).toBe(3);
    for (const mutation of mutations) {
      const { row } = relations.find(({ name }) => name === mutation.relation)!;
      const guarded = mutation.actors.flatMap((actor) =>
        [...readCell(matrix.get(row)![actor]!)]
          .filter(([place, sign]) => sign !== '-' && [...mutation.verbs].some((verb) => place === `other ${verb}`))
          .map(([place]) => `${row} ${actor} ${place}`),
      );
      expect(guarded).not.toEqual([]);
      expect(await turnedBy(mutation, false), mutation.sql).toEqual(expect.arrayContaining(guarded));
    }
  });

  it('each grant and policy that should not be there, in every place of the matrix', { timeout: 600_000 }, async () => {
    const isWhole = wholeForFirsts();
    for (const mutation of additions(relations, dependents)) {
      const places = await turnedBy(mutation, isWhole(mutation));
      expect(
        places.filter((place) => !isOwn(place, mutation)),
        `${mutation.sql}: turned others red`,
      ).toEqual([]);
    }
    const all = [...matrix].flatMap(([row, cells]) =>
      Object.entries(cells).flatMap(([actor, cell]) =>
        [...readCell(cell).keys()].map((place) => `${row} ${actor} ${place}`),
      ),
    );
    expect(all.filter((place) => !turned.has(place))).toEqual([]);
  });
});
