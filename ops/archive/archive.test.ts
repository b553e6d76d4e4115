// The archive, on a real database with a folder as the store: nothing lost, nothing twice, nothing dropped unverified.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import type { Store } from '../store.ts';
import { archivedObjects } from './objects.ts';
import { restoreDays } from './restore.ts';
import { type ArchiveLab, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
beforeAll(async () => {
  lab = await startArchiveLab();
});
afterAll(() => lab.stop());
beforeEach(() => lab.reset());

const objects = () => withConnection(lab.writer, (client) => archivedObjects(client));
const inStore = async () => (await lab.store.list()).map(({ name }) => name);
const restore = async (days = 7) => restoreDays({ url: lab.postgres.url }, lab.store, await objects(), days, () => {});
const figures = async () => (await lab.admin.query('select ingest.archive_figures() as f')).rows[0].f;

/** The store, with what is put there spoilt. */
const spoiling = (spoil: (content: Buffer) => Buffer): Store => ({
  ...lab.store,
  put: async (name, content) => lab.store.put(name, Readable.from([spoil(await buffer(content))])),
});

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
  expect(await lab.waiting()).toEqual([]);
  expect(await restore()).toBe(200n);
  expect(await lab.live()).toEqual(before);
});

test('what was restored leaves again when its time is over, and is archived once', async () => {
  await lab.openDay(31);
  await lab.add(31, 5);
  await lab.retire();
  await lab.archive();
  const names = await inStore();
  await restore();
  expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
  await lab.admin.query("update ingest.retired_days set held_until = now() - interval '1 second'");
  // A late one came meanwhile: the object that is written then takes the place of the former one.
  await lab.add(31, 1, 'now()', [lab.tenants[0]!]);
  expect(await lab.retire()).toEqual({ days: 1, rows: 0 });
  expect(await lab.archive()).toMatchObject({ rows: 12n, problems: [] });
  expect((await objects()).map(({ rows }) => rows).sort()).toEqual([10n, 12n]);
  expect(await inStore()).toHaveLength(2);
  expect((await inStore()).filter((name) => names.includes(name))).toHaveLength(1);
});

test('a late reading of an archived day has a place, and becomes another object of that day', async () => {
  await lab.openDay(40);
  await lab.add(40, 5);
  await lab.retire();
  await lab.archive();
  await lab.add(40, 2, "now() - interval '1 day'");
  await lab.admin.query('select ingest.ensure_telemetry_partitions()');
  expect(await lab.retire()).toEqual({ days: 0, rows: 0 });
  const late = await lab.live();
  expect(late).toHaveLength(8);
  // Its age counts since its receipt.
  await lab.admin.query("update public.telemetry set received_at = received_at - interval '30 days'");
  expect(await lab.retire()).toEqual({ days: 0, rows: 8 });
  expect(await lab.live()).toEqual([]);
  expect(await lab.archive()).toMatchObject({ rows: 8n, problems: [] });
  expect((await objects()).map(({ day, rows }) => [day, rows])).toEqual(
    expect.arrayContaining([
      [lab.day(40), 10n],
      [lab.day(40), 4n],
    ]),
  );
  await restore();
  expect(await lab.live()).toHaveLength(28);
});

test('readings of times that cannot be right are archived under the day of their receipt', async () => {
  for (const ago of [9_000, 5_000, -4_000]) await lab.add(ago, 1, "now() - interval '40 days'");
  expect(await lab.retire()).toEqual({ days: 0, rows: 12 });
  await lab.archive();
  expect((await objects()).map(({ day, rows }) => [day, rows])).toEqual(Array(2).fill([lab.day(40), 6n]));
});

describe('what is not archived is not dropped', () => {
  beforeEach(async () => {
    await lab.openDay(31);
    await lab.add(31, 20);
    await lab.retire();
  });
  const waits = async () => {
    expect(await lab.contents(`ingest.retired_${lab.day(31).replaceAll('-', '')}`)).toHaveLength(80);
    expect(await figures()).toMatchObject({ archive_failing: 1 });
  };

  const flip = (at: (content: Buffer) => number) => (content: Buffer) => {
    const changed = Buffer.from(content);
    changed[at(changed)]! ^= 1;
    return changed;
  };
  test.each<[string, (content: Buffer) => Buffer]>([
    ['a flipped byte in the data', flip(() => 200)],
    ['a flipped byte in the middle', flip(({ length }) => length >> 1)],
    ['a flipped byte at the end, in the index', flip(({ length }) => length - 40)],
    ['a truncated upload', (content) => content.subarray(0, content.length - 100)],
    ['an empty object', () => Buffer.alloc(0)],
  ])('%s', async (_, spoil) => {
    const { problems } = await lab.archive(spoiling(spoil));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/is not what was written; nothing was dropped$/);
    await waits();
    expect(await inStore()).toEqual([]);
    // The next run makes good.
    expect(await lab.archive()).toMatchObject({ rows: 80n, problems: [] });
    expect(await lab.waiting()).toEqual([]);
    expect(await figures()).toMatchObject({ archive_failing: 0, archive_rows: 80 });
  });

  test('a store that cannot be reached', async () => {
    const { problems } = await lab.archive({ ...lab.store, put: () => Promise.reject(new Error('no route to host')) });
    expect(problems[0]).toMatch(/no route to host/);
    await waits();
  });

  test('a row that changed after it was archived: it is archived again', async () => {
    const table = `ingest.retired_${lab.day(31).replaceAll('-', '')}`;
    const changing: Store = {
      ...lab.store,
      put: async (name, content) => {
        await lab.store.put(name, content);
        await lab.admin.query(
          `update ${table} set received_at = received_at + interval '1 microsecond'
          where ctid = (select ctid from ${table} where tenant_id = $1 limit 1)`,
          [/tenant=([^/]+)/.exec(name)![1]],
        );
      },
    };
    const { problems } = await lab.archive(changing);
    expect(problems).toEqual([expect.stringMatching(/the archive has no object with the 40 rows of tenant/)]);
    await waits();
    expect(await lab.archive()).toMatchObject({ rows: 80n, problems: [] });
    expect(await inStore()).toHaveLength(2);
  });
});

test('a tenant whose day always fails keeps no day of the others', async () => {
  const [acme, bolt] = lab.tenants as [string, string];
  await lab.openDay(31);
  await lab.add(31, 5);
  await lab.retire();
  const broken: Store = {
    ...lab.store,
    put: (name, content) =>
      name.includes(acme) ? Promise.reject(new Error('no such thing')) : lab.store.put(name, content),
  };
  await lab.archive(broken);
  expect(await lab.waiting()).toHaveLength(1);
  await lab.admin.query("update ingest.retired_days set retired_at = now() - interval '3 days'");
  await lab.admin.query("update ingest.archive_runs set ended_at = now() - interval '51 hours'");
  expect((await lab.archive(broken)).problems).toHaveLength(1);
  expect(await lab.waiting()).toEqual([]);
  expect(await objects()).toMatchObject([{ tenant: bolt, rows: 10n, released: true }]);
  const left = await lab.contents('ingest.retired_rows');
  expect(left).toHaveLength(10);
  expect(left.filter((line) => !line.startsWith(acme))).toEqual([]);
  // It is told, until it is archived.
  expect((await figures()).archive_waiting_seconds).toBeGreaterThan(50 * 3600);
  expect(await lab.archive()).toMatchObject({ rows: 10n, problems: [] });
  expect(await figures()).toMatchObject({ archive_waiting_seconds: 0, archive_failing: 0 });
  await restore();
  expect(await lab.live()).toHaveLength(20);
});

test('an object that the database does not know stays if it has rows of its own, and goes if it has none', async () => {
  await lab.openDay(31);
  await lab.add(31, 5);
  await lab.retire();
  await lab.archive();
  const kept = await inStore();
  // The database is one that was restored: it does not know that late readings were archived, and has the day again.
  await restore(1);
  await lab.admin.query(
    "delete from ingest.archive_objects; update ingest.retired_days set held_until = now() - interval '1 second'",
  );
  await lab.admin.query('delete from public.telemetry where device_id = $1', [lab.devices[0]]);
  await lab.retire();
  expect(await lab.archive()).toMatchObject({ problems: [] });
  // Of acme the former object has rows that the new one lacks; of bolt both are the same.
  expect(await inStore()).toEqual(expect.arrayContaining(kept));
  expect(await objects()).toHaveLength(3);
});

test("an object with other readings than its own is not restored, and the day's others are", async () => {
  await lab.openDay(31);
  await lab.add(31, 5);
  await lab.retire();
  await lab.archive();
  const [first, second] = (await inStore()).map((name) => join(lab.folder, name)) as [string, string];
  copyFileSync(first, second);
  await expect(restore()).rejects.toThrow(/ is not what was archived: it has 10 rows of 10, or others; nothing of it/);
  expect(await lab.live()).toHaveLength(10);
});

test('one run at a time', async () => {
  await lab.admin.query("select pg_advisory_lock(hashtext('ingest.archive'))");
  await expect(lab.archive()).rejects.toThrow('another run of the archive is under way');
  await lab.admin.query("select pg_advisory_unlock(hashtext('ingest.archive'))");
  expect(await lab.archive()).toMatchObject({ rows: 0n, problems: [] });
});

/** An operator's command. */
async function ops(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: lab.writer.url, ARCHIVE_STORE: lab.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { out, err, code };
}

test('the commands store, list and ask, and say what is missing', async () => {
  await lab.openDay(31);
  await lab.add(31, 4);
  await lab.retire();
  expect(await ops('archive', 'run')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^16 rows, \d+ bytes stored/),
  });
  const listed = await ops('archive', 'list', 'acme', '--json');
  expect(JSON.parse(listed.out)).toMatchObject([{ slug: 'acme', rows: 8, day: lab.day(31) }]);
  const sql = "select count(*) as n, max((payload->>'n')::int) as most from readings";
  expect(await ops('archive', 'query', 'acme', sql, '--from', lab.day(31))).toMatchObject({
    code: 0,
    out: '{"n":8,"most":4}\n',
  });
  expect(await ops('archive', 'query', 'acme', sql, '--to', lab.day(32))).toMatchObject({
    code: 1,
    err: 'error: nothing of acme is archived in that span: see "archive list"\n',
  });
});

test('what is stored is Parquet, and not readable for others of this machine', async () => {
  await lab.openDay(31);
  await lab.add(31, 1);
  await lab.retire();
  await lab.archive();
  const file = join(lab.folder, (await inStore())[0]!);
  expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1');
  expect(statSync(file).mode & 0o77).toBe(0);
});
