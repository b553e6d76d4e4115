// Retention on a real database: which readings leave, and when.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { retentionCommand } from '../retention.ts';
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

describe('what an owner has chosen', () => {
  const choose = (days: number, since: string, former: number | null = null) =>
    lab.admin.query('insert into ingest.chosen_retention (tenant_id, days, since, former) values ($1, $2, $3, $4)', [
      lab.tenants[0],
      days,
      since,
      former,
    ]);
  beforeEach(async () => {
    for (const ago of [31, 11, 10]) {
      await lab.openDay(ago);
      await lab.add(ago, 3);
    }
    // A late one, whose age counts from its receipt.
    await lab.add(40, 1, "now() - interval '11 days'");
  });

  test('takes readings out from its day on, and not before, and the archive has them', async () => {
    await choose(10, lab.day(-1), 30);
    expect(await lab.retire()).toEqual({ days: 1, rows: 0 });
    await lab.admin.query('update ingest.chosen_retention set since = $1', [lab.day(0)]);
    expect(await lab.retire()).toEqual({ days: 0, rows: 6 + 2 });
    expect(await lab.archive()).toMatchObject({ rows: 20n, problems: [] });
    expect(await lab.live()).toHaveLength(6 + 12 + 2);
  });

  test('never keeps readings for longer than the operator allows', async () => {
    await choose(400, lab.day(0));
    expect(await lab.retire()).toEqual({ days: 1, rows: 0 });
  });

  test('counts by the clock that is behind', async () => {
    await choose(10, lab.day(0), 30);
    await lab.hear(1);
    expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
  });
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

describe('ops retention', () => {
  let printed: string[];
  beforeEach(() => {
    printed = [];
    vi.stubEnv('DATABASE_URL', lab.postgres.url);
    vi.spyOn(console, 'log').mockImplementation((line: string) => printed.push(line));
    return () => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    };
  });
  const ops = async (...args: string[]) => {
    printed = [];
    await retentionCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(args, { from: 'user' });
    return printed;
  };

  test('sets the days of all tenants, and of one, and says what is in force', async () => {
    expect(await ops('--days', '90')).toEqual(['readings stay 90 days; archive: on']);
    expect(await ops('acme', '--days', '400')).toEqual(['readings stay 90 days; archive: on', '  acme: 400 days']);
    expect(await ops('acme', '--days', 'default')).toEqual(['readings stay 90 days; archive: on']);
    await lab.admin.query('insert into ingest.chosen_retention values ($1, 5, $2)', [lab.tenants[0], lab.day(0)]);
    expect(await ops()).toEqual([
      'readings stay 90 days; archive: on',
      `  acme: 5 days from ${lab.day(0)} on, an owner's choice`,
    ]);
    await lab.admin.query('delete from ingest.chosen_retention');
    expect(await ops('--days', 'unlimited', '--archive', 'off')).toEqual(['readings stay indefinitely; archive: off']);
  });

  test('keeps the archive on while readings wait for it, unless they may be lost', async () => {
    await lab.openDay(31);
    await lab.add(31, 1);
    await lab.retire();
    await expect(ops('--archive', 'off')).rejects.toThrow('readings wait for the archive, and would be dropped');
    expect((await ops())[0]).toBe('readings stay 30 days; archive: on');
    expect(await ops('--archive', 'off', '--drop-unarchived')).toEqual([
      'readings stay 30 days; archive: off',
      '1 day(s) wait for the job "retire"',
    ]);
  });

  test.each([
    [['acme', '--archive', 'on'], '--archive is for the whole platform'],
    [['acme', '--days', 'unlimited'], 'for one tenant, give a number'],
    [['--days', 'default'], '--days default is for one tenant'],
    [['nobody', '--days', '5'], 'there is no tenant "nobody": see "tenant list"'],
    [['--days', '3651'], 'Give 1 to 3650'],
  ])('refuses %j', async (args, message) => {
    await expect(ops(...args)).rejects.toThrow(message);
  });
});
