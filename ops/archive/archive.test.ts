// Retention and the archive, on a real database with a folder as the store: nothing lost, nothing twice, nothing dropped unverified.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { archivedObjects } from './archive.ts';
import { restoreDays } from './restore.ts';
import { type ArchiveLab, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
beforeAll(async () => {
  lab = await startArchiveLab();
});
afterAll(() => lab.stop());

const objects = () => withConnection(lab.writer, (client) => archivedObjects(client));
const restore = (days = 7) =>
  objects().then((all) => restoreDays({ url: lab.postgres.url }, lab.store, all, days, () => {}));

test('a day that is over leaves, is archived, and comes back bit for bit', async () => {
  await lab.openDay(31);
  await lab.openDay(30);
  await lab.add(31, 50);
  await lab.add(30, 5);
  const before = await lab.live();
  expect(await lab.retire()).toEqual({ days: 1, rows: 0 });
  expect(await lab.live()).toHaveLength(20);
  expect(await lab.archive()).toMatchObject({ rows: 200n, problems: [] });
  expect(await objects()).toMatchObject(
    lab.tenants.toSorted().map((tenant) => ({ tenant, rows: 100n, day: lab.day(31) })),
  );
  const { rows } = await lab.admin.query(
    "select relname from pg_class where relname like 'retired_2%' and relkind = 'r'",
  );
  expect(rows).toEqual([]);
  expect(await restore()).toBe(200n);
  expect(await lab.live()).toEqual(before);
});
