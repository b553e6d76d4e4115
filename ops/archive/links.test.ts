// A tenant's own archive: asked for by an owner, linked by the next run, read by those who have a link.
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LINK_MS, objectOfPath } from '../../domain/archive-link.ts';
import { serveArchived } from '../../local/front-door/archived.ts';
import { folderStore } from '../store.ts';
import { type ArchiveLab, LINK_KEY, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
beforeAll(async () => {
  lab = await startArchiveLab();
});
afterAll(() => lab.stop());
beforeEach(async () => {
  await lab.reset();
  for (const ago of [33, 32]) {
    await lab.openDay(ago);
    await lab.add(ago, 3);
  }
  await lab.retire();
  await lab.archive();
});

const ask = (tenant = lab.tenants[0], first = lab.day(33), last = lab.day(32)) =>
  lab.admin.query('insert into public.archive_requests (tenant_id, first_day, last_day) values ($1, $2, $3)', [
    tenant,
    first,
    last,
  ]);
const links = async () =>
  (await lab.admin.query('select tenant_id, name, url, ends_at, rows::int from public.archive_links order by name'))
    .rows;
const get = (url: string, method = 'GET') =>
  serveArchived(new Request(new URL(url, 'http://platform'), { method }), lab.folder, LINK_KEY);

test('the next run links what an owner has asked for, and the link gives the object as it is stored', async () => {
  const [acme] = lab.tenants;
  await ask();
  const logged: string[] = [];
  expect(await lab.archive(undefined, (line) => logged.push(line))).toMatchObject({ rows: 0n, problems: [] });
  const made = await links();
  expect(made.map(({ tenant_id, rows }) => [tenant_id, rows])).toEqual([
    [acme, 6],
    [acme, 6],
  ]);
  for (const { name, url, ends_at } of made) {
    expect(ends_at.getTime() - Date.now()).toBeLessThanOrEqual(LINK_MS);
    const answer = await get(url);
    expect(answer.headers.get('content-disposition')).toMatch(
      /filename="readings-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.parquet"$/,
    );
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(readFileSync(join(lab.folder, name))));
  }
  expect(logged.join('\n')).toContain('2 link(s)');
  expect(logged.join('\n')).not.toContain('signature');
  // Once.
  await lab.archive();
  expect(await links()).toEqual(made);
});

test.skipIf(process.getuid?.() !== 0)('what root stores is its folder’s owner’s, who runs without root', async () => {
  chownSync(lab.folder, 813, 814);
  await lab.store.put('new/object', Readable.from('x'));
  for (const name of ['new', 'new/object'])
    expect(statSync(join(lab.folder, name)), name).toMatchObject({ uid: 813, gid: 814 });
});

test.skipIf(process.getuid?.() !== 0)('a link that the folder’s owner laid leads root nowhere else', async () => {
  const other = join(lab.folder, 'of-somebody-else');
  writeFileSync(other, 'theirs', { mode: 0o600 });
  chownSync(lab.folder, 813, 814);
  mkdirSync(join(lab.folder, 'laid'));
  symlinkSync(other, join(lab.folder, 'laid/object.part'));
  await lab.store.put('laid/object', Readable.from('x'));
  expect(readFileSync(other, 'utf8')).toBe('theirs');
  expect(statSync(other).uid).toBe(0);
  expect(readFileSync(join(lab.folder, 'laid/object'), 'utf8')).toBe('x');
});

test('more tenants ask than the database names at a time: one run answers all', async () => {
  const { rows } = await lab.admin.query(
    "insert into public.tenants (slug, name) select 'asks-' || n, 'Asks' from generate_series(1, 25) as n returning id",
  );
  for (const { id } of rows) await ask(id);
  await lab.archive();
  const open = await lab.admin.query('select from public.archive_requests where made_at is null');
  await lab.admin.query("delete from public.tenants where slug like 'asks-%'");
  expect(open.rowCount).toBe(0);
});

test('a link is for one object and until its end', async () => {
  await ask();
  await lab.archive();
  const [{ url, name }, other] = await links();
  const at = new URL(url, 'http://platform');
  const status = async (change: (link: URL) => void) => {
    const changed = new URL(at);
    change(changed);
    return (await get(changed.href)).status;
  };
  expect(await status(() => {})).toBe(200);
  expect(await status((link) => link.searchParams.set('until', '9999999999'))).toBe(403);
  expect(await status((link) => link.searchParams.set('signature', ''))).toBe(403);
  expect(await status((link) => link.searchParams.delete('signature'))).toBe(403);
  expect(
    await status((link) => {
      link.pathname = `/${other.name}`;
    }),
  ).toBe(403);
  expect(
    await status((link) => {
      link.pathname = '/archive/../secrets.json';
    }),
  ).toBe(403);
  expect((await get(url, 'POST')).status).toBe(405);
  expect(objectOfPath(at, LINK_KEY)).toBe(name);
  expect(objectOfPath(at, LINK_KEY, new Date(Date.now() + LINK_MS + 1000))).toBeUndefined();
  expect(objectOfPath(at, 'another key')).toBeUndefined();
  await folderStore(lab.folder).remove(name);
  expect((await get(url)).status).toBe(404);
});

test('what has ended goes, and so do links to an object that leaves the archive', async () => {
  await ask();
  await lab.archive();
  const [first] = await links();
  await lab.admin.query('delete from ingest.archive_objects where name = $1', [first.name]);
  expect(await links()).toHaveLength(1);
  await lab.admin.query(`
    update public.archive_requests set ends_at = now();
    update public.archive_links set ends_at = now()`);
  await lab.retire();
  expect(await links()).toEqual([]);
  expect((await lab.admin.query('select from public.archive_requests')).rowCount).toBe(0);
});

test('what a tenant may ask for is bounded, and only an owner asks', async () => {
  const [acme] = lab.tenants;
  const owner = '00000000-0000-4000-8000-000000000001';
  await lab.admin.query("insert into auth.users (id, email) values ($1, 'o@acme.example') on conflict do nothing", [
    owner,
  ]);
  const call = async (first: string, last: string, role = 'owner') => {
    await lab.admin.query('begin');
    try {
      await lab.admin.query(
        "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, 'o@acme.example', $3)",
        [acme, owner, role],
      );
      await lab.admin.query("select set_config('request.jwt.claims', $1, true)", [
        JSON.stringify({ sub: owner, email: 'o@acme.example' }),
      ]);
      await lab.admin.query('select public.ask_archive($1, $2, $3)', [acme, first, last]);
      return 'asked';
    } catch (error) {
      return (error as Error).message;
    } finally {
      await lab.admin.query('rollback');
    }
  };
  expect(await call(lab.day(33), lab.day(32))).toBe('asked');
  expect(await call(lab.day(33), lab.day(32), 'staff')).toMatch(/your role in this tenant, staff, does not allow this/);
  expect(await call(lab.day(32), lab.day(33))).toBe('these days cannot be asked for');
  expect(await call(lab.day(400), lab.day(30))).toBe('these days cannot be asked for');
  expect(await call(lab.day(31), lab.day(31))).toBe('nothing is archived of these days');
  await ask();
  expect(await call(lab.day(33), lab.day(33))).toBe('links have been asked for already');
  for (let n = 0; n < 5; n++) {
    await lab.archive();
    if (n < 4) await ask();
  }
  expect(await call(lab.day(33), lab.day(33))).toBe('this tenant has asked for links 5 times in the last 24 hours');
  await lab.admin.query("update public.archive_requests set asked_at = now() - interval '2 days'");
  await lab.admin.query(
    `with o as (
       insert into ingest.archive_objects (name, tenant_id, day, source, rows, checksum, bytes, released_at)
       select format('archive/tenant=%s/day=2026-01-01/%s.parquet', $1::uuid, md5(n::text)), $1, '2026-01-01', 'retired_rows', 1, md5(n::text), 1, now()
       from generate_series(1, 1001) as n returning name)
     insert into public.archive_links (request_id, tenant_id, name, day, rows, bytes, url, ends_at)
     select r.id, $1, o.name, '2026-01-01', 1, 1, '/x', now() from o, (select id from public.archive_requests limit 3) as r`,
    [acme],
  );
  expect(await call('2026-01-01', '2026-01-01')).toBe('the archive has more than 1,000 files of these days');
  expect(await call(lab.day(33), lab.day(33))).toBe('this tenant would have more than 3,000 links that work');
});

test('an object that the store has lost is told, and the others are linked', async () => {
  await ask();
  const { rows } = await lab.admin.query('select name from ingest.archive_objects where tenant_id = $1 order by 1', [
    lab.tenants[0],
  ]);
  await folderStore(lab.folder).remove(rows[0].name);
  const { problems } = await lab.archive();
  expect(problems).toEqual([
    expect.stringMatching(/^links: .* lacks 1 object\(s\) that the database knows, such as archive/),
  ]);
  expect((await links()).map(({ name }) => name)).toEqual([rows[1].name]);
});

test('links are made although the archive has been switched off, and need a key where a folder is the store', async () => {
  await lab.admin.query('update ingest.retention set archive = false');
  await ask();
  expect((await lab.archive(folderStore(lab.folder))).problems).toEqual([
    expect.stringContaining('ARCHIVE_LINK_KEY is not set'),
  ]);
  expect((await lab.archive()).problems).toEqual([]);
  expect(await links()).toHaveLength(2);
});
