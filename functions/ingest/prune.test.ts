// What has ended is removed in steps, and a failure of one kind does not stop the others.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readDatabaseUrl } from '../../domain/database-url.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { prune } from './prune.ts';

let rig: TestDatabase;
let database: Database;
beforeAll(async () => {
  rig = await startTestDatabase();
  database = openDatabase(readDatabaseUrl(rig.postgres.url, { readFile: () => '' }));
});
afterAll(async () => {
  await database.close();
  await rig.stop();
});

const LETTERS = 2500;
beforeEach(() =>
  rig.admin.query(`
    delete from public.dead_letters;
    delete from public.ingest_ledger;
    insert into public.dead_letters (topic, payload, reason, fingerprint, received_at)
      select 't', 'x', 'not-json', 'f' || n, now() - interval '31 days' from generate_series(1, ${LETTERS}) as n;
    insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
      values (gen_random_uuid(), now() - interval '31 days', 0, 0, 0, 0, 0)`),
);
const left = async () =>
  (
    await rig.admin.query(
      'select (select count(*)::int from public.dead_letters) as letters, (select count(*)::int from public.ingest_ledger) as minutes',
    )
  ).rows[0];

test('all that has ended goes, a thousand a transaction', async () => {
  const { log, lines } = keepLog();
  await prune(database, log);
  expect(await left()).toEqual({ letters: 0, minutes: 0 });
  expect(lines).toEqual([]);
});

test('what there is no time for waits', async () => {
  let steps = 0;
  await prune(database, keepLog().log, () => (++steps > 4 ? 0 : 60_000));
  // Two kinds have nothing to remove; the third step and the fourth take a thousand letters each.
  expect(await left()).toEqual({ letters: LETTERS - 2000, minutes: 1 });
});

test('a step takes no more than what is left, so that a run can give its lease back', async () => {
  const bounds: (number | undefined)[] = [];
  const watched: Database = {
    ...database,
    transaction: (opening, work, mostMs) => {
      bounds.push(mostMs);
      return database.transaction(opening, work, mostMs);
    },
  };
  const left = [60_000, 1_500, 900];
  await prune(watched, keepLog().log, () => left.shift() ?? 0);
  expect(bounds).toEqual([5_000, 1_500]);
});

test('a kind that fails is logged, and the others are pruned', async () => {
  await rig.admin.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
    create trigger refuse before delete on public.dead_letters execute function public.refuse()`);
  const { log, lines } = keepLog();
  await expect(prune(database, log)).rejects.toThrow('pruning failed for: dead letters');
  await rig.admin.query('drop trigger refuse on public.dead_letters; drop function public.refuse()');
  expect(await left()).toEqual({ letters: LETTERS, minutes: 0 });
  expect(lines).toMatchObject([{ what: 'dead letters', error: { message: expect.stringContaining('not now') } }]);
});
