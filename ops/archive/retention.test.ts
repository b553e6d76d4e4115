// Retention on a real database: which readings leave, and when.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { archivedObjects } from './objects.ts';
import { type ArchiveLab, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
beforeAll(async () => {
  lab = await startArchiveLab();
});
afterAll(() => lab.stop());
beforeEach(() => lab.reset());

const objects = () => withConnection(lab.writer, (client) => archivedObjects(client));

test('a tenant with other days of its own keeps its readings for that long, and the others for theirs', async () => {
  const [acme, bolt] = lab.tenants as [string, string];
  await lab.admin.query('insert into ingest.tenant_retention values ($1, 10)', [acme]);
  for (const ago of [31, 11, 10]) {
    await lab.openDay(ago);
    await lab.add(ago, 3);
  }
  expect(await lab.retire()).toEqual({ days: 1, rows: 6 });
  await lab.admin.query('update ingest.tenant_retention set days = 100');
  await lab.openDay(32);
  await lab.add(32, 3);
  expect(await lab.retire()).toEqual({ days: 0, rows: 6 });
  expect(await lab.archive()).toMatchObject({ rows: 24n, problems: [] });
  expect((await objects()).map(({ day, tenant }) => `${tenant} ${day}`).sort()).toEqual(
    [`${acme} ${lab.day(31)}`, `${bolt} ${lab.day(31)}`, `${acme} ${lab.day(11)}`, `${bolt} ${lab.day(32)}`].sort(),
  );
  expect(await lab.live()).toHaveLength(6 + 12 + 6);
});

describe('a clock that is ahead', () => {
  test.each([
    ["the broker's is right", 31],
    ['nothing was ever received', undefined],
  ])('removes nothing: %s', async (_, heard) => {
    await lab.openDay(31);
    await lab.add(31, 3);
    // A server whose clock is 31 days ahead hears a broker that is 31 days behind it.
    if (heard === undefined) await lab.admin.query('delete from public.device_status');
    else await lab.hear(heard);
    expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
    expect(await lab.live()).toHaveLength(12);
  });

  test("nor the broker's alone: the server's is right", async () => {
    await lab.openDay(29);
    await lab.add(29, 3);
    await lab.hear(-400);
    expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
  });
});

test('without an archive, what leaves is dropped at once', async () => {
  await lab.admin.query('update ingest.retention set archive = false');
  await lab.openDay(31);
  await lab.add(31, 3);
  await lab.add(40, 3, "now() - interval '31 days'");
  expect(await lab.retire()).toEqual({ days: 1, rows: 12 });
  expect(await lab.waiting()).toEqual([]);
  expect(await lab.contents('ingest.retired_rows')).toEqual([]);
  await expect(lab.archive()).rejects.toThrow('the archive is off');
});

test('without a number of days, nothing leaves', async () => {
  await lab.admin.query('update ingest.retention set days = null');
  await lab.openDay(31);
  await lab.add(31, 3);
  await lab.add(400, 3, "now() - interval '400 days'");
  expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
});

test('a day that somebody reads is left for later, and an insert waits for it no longer than its lock', async () => {
  await lab.openDay(31);
  await lab.add(31, 3);
  await lab.admin.query('begin');
  await lab.admin.query('select count(*) from public.telemetry');
  expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
  await lab.admin.query('commit');
  expect(await lab.retire()).toEqual({ days: 1, rows: 0 });
});
