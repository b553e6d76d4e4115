// Deletions of a tenant and of a device whose days are archived, carried out by the job and the archive's program, to their end.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import type { Store } from '../store.ts';
import { archivedObjects } from './objects.ts';
import { tableOf, withDuck } from './parquet.ts';
import { restoreDays } from './restore.ts';
import { type ArchiveLab, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
let acme: string;
let bolt: string;
beforeAll(async () => {
  lab = await startArchiveLab();
});
afterAll(() => lab.stop());
beforeEach(async () => {
  await lab.reset();
  [acme, bolt] = lab.tenants as [string, string];
  // Two archived days, the second with late readings; a third one waits for the archive, a fourth has not left.
  for (const ago of [33, 32]) {
    await lab.openDay(ago);
    await lab.add(ago, 5);
  }
  await lab.retire();
  await lab.archive();
  await lab.add(32, 2, "now() - interval '31 days'");
  await lab.retire();
  await lab.archive();
  await lab.openDay(31);
  await lab.add(31, 3);
  await lab.retire();
  await lab.openDay(3);
  await lab.add(3, 2);
});

const objects = () => withConnection(lab.writer, (client) => archivedObjects(client));
/** Each object's name with the SHA-256 of its bytes. */
const stored = async () =>
  new Map(
    (await lab.store.list()).map(({ name }) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(lab.folder, name)))
        .digest('hex'),
    ]),
  );
/** Devices whose readings files have. */
async function devicesIn(files: string[]): Promise<unknown[]> {
  const sql = `select distinct device_id::text as id from ${tableOf(...files)}`;
  return (await withDuck((duck) => duck.rows(sql))).map(({ id }) => id);
}
const of = (tenant: string, all: Map<string, string>) => [...all].filter(([name]) => name.includes(tenant));
const askTenant = () => lab.admin.query("select access.ask_deletion_of_tenant($1, 'operator', '0')", [acme]);
const askDevice = () => lab.admin.query("select access.delete_device_data($1, 'operator')", [lab.devices[0]]);
const deletion = async () => (await lab.admin.query('select * from public.deletions')).rows[0];

/** A turn of the job, when ingest and the control loop have run, and the pause before the stage `archive` is over. */
async function turn(): Promise<void> {
  await lab.admin.query(`
    update public.deletions set next_at = now() where finished_at is null;
    delete from ingest.retained_of_deleted;
    delete from ingest.sessions_of_deleted;
    insert into ingest.leases (name, holder, fence, expires_at, seen_at) values ('ingest', 'x', 1, now(), clock_timestamp())
    on conflict (name) do update set seen_at = clock_timestamp()`);
  await lab.carryOutDeletions();
}
const turns = async (n = 4) => {
  for (let i = 0; i < n; i++) await turn();
};

test('a device: its objects are written again without it, all others stay as they are', async () => {
  const [device] = lab.devices as [string];
  const before = await stored();
  const live = await lab.live();
  await askDevice();
  await turns();
  expect(await deletion()).toMatchObject({
    stage: 'archive',
    problem: expect.stringContaining('next run of the archive'),
  });
  expect(await stored()).toEqual(before);
  expect(await lab.archive()).toMatchObject({ problems: [] });
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();

  const after = await stored();
  expect(of(bolt, after)).toEqual(expect.arrayContaining(of(bolt, before)));
  expect(of(acme, after).filter(([name]) => before.has(name))).toEqual([]);
  // Two archived days, one of them with late readings; and the day that waited.
  expect([...after.keys()].sort()).toEqual((await objects()).map(({ name }) => name));
  expect(of(acme, after)).toHaveLength(4);
  expect(await lab.waiting()).toEqual([]);
  await restoreDays({ url: lab.postgres.url }, lab.store, await objects(), 1, () => {});
  const restored = await lab.live();
  expect(restored.filter((line) => line.includes(device))).toEqual([]);
  expect(restored).toHaveLength(3 * (5 + 5 + 2 + 3 + 2));
  expect(restored).toEqual(expect.arrayContaining(live.filter((line) => !line.includes(device))));
});

test("a tenant: its objects go, also those that the database does not know, and nobody else's", async () => {
  const before = await stored();
  // As a run that was killed leaves it.
  await lab.admin.query('delete from ingest.archive_objects where tenant_id = $1', [acme]);
  await askTenant();
  await turns();
  expect(await deletion()).toMatchObject({ stage: 'archive' });
  expect(await lab.archive()).toMatchObject({ problems: [] });
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();
  const after = await stored();
  expect(of(acme, after)).toEqual([]);
  expect(of(bolt, after)).toEqual(expect.arrayContaining(of(bolt, before)));
  expect((await objects()).map(({ name }) => name)).toEqual([...after.keys()].sort());
  await restoreDays({ url: lab.postgres.url }, lab.store, await objects(), 1, () => {});
  expect((await lab.live()).filter((line) => line.startsWith(acme))).toEqual([]);
  expect(await lab.live()).toHaveLength(2 * (5 + 5 + 2 + 3 + 2));
});

test('a device: objects that the database does not know, whole and cut short', async () => {
  const [late] = (await objects()).filter(({ tenant, rows }) => tenant === acme && rows === 4n);
  await lab.admin.query('delete from ingest.archive_objects where name = $1', [late!.name]);
  const cut = late!.name.replace(/[^/]+$/, `${'0'.repeat(32)}.parquet`);
  await lab.store.put(cut, Readable.from([readFileSync(join(lab.folder, late!.name)).subarray(0, 300)]));
  await askDevice();
  await turns();
  await lab.archive();
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();
  const mine = of(acme, await stored()).map(([name]) => join(lab.folder, name));
  expect(mine).toHaveLength(4);
  expect(await devicesIn(mine)).toEqual([lab.devices[1]]);
});

test('an object that was not written again as it should be stays, and the deletion with it', async () => {
  const spoiling: Store = {
    ...lab.store,
    put: async (name, content) => {
      const bytes = await buffer(content);
      bytes[200]! ^= 1;
      await lab.store.put(name, Readable.from([bytes]));
    },
  };
  const before = await stored();
  await askDevice();
  await turns();
  expect((await lab.archive(spoiling)).problems[0]).toMatch(/^what is to be removed: .* is not what was written/);
  await turns();
  expect(await deletion()).toMatchObject({ stage: 'archive' });
  expect(await stored()).toEqual(before);
  await lab.archive();
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();
});

test('what was archived before the archive was switched off goes, too', async () => {
  await lab.archive();
  await lab.admin.query('update ingest.retention set archive = false');
  await askTenant();
  await turns();
  expect(await lab.archive()).toMatchObject({ rows: 0n, problems: [] });
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();
  expect(of(acme, await stored())).toEqual([]);
  await expect(lab.archive()).rejects.toThrow('the archive is off');
});

test('an object that the store keeps is told, and the deletion waits for it', async () => {
  const keeping: Store = { ...lab.store, remove: async () => false };
  await askTenant();
  await turns();
  const { problems } = await lab.archive(keeping);
  expect(problems[0]).toMatch(/^what is to be removed: .* keeps archive\/tenant=/);
  await turns();
  expect(await deletion()).toMatchObject({ stage: 'archive' });
  expect((await objects()).filter(({ tenant }) => tenant === acme)).toHaveLength(3);
  await lab.archive();
  await turns();
  expect((await deletion()).finished_at).not.toBeNull();
});
