// The store of Blob against a real Blob API, azurite: objects, the archive's run through it, and links that only read.
// Not in it: identities' rights (any token will do), policies, soft delete.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LINK_MS } from '../domain/archive-link.ts';
import { issue, makeAuthority } from '../lab/authority.ts';
import { startChild, stopChild } from '../lab/child.ts';
import { freePort } from '../lab/ports.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { archivedObjects } from './archive/objects.ts';
import { restoreDays } from './archive/restore.ts';
import { startArchiveLab } from './archive/testing/lab.ts';
import { blobStore, type Store } from './store.ts';

/** Azurite reads a token, and does not check who signed it. */
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = Math.floor(Date.now() / 1000);
const token = [
  part({ alg: 'none', typ: 'JWT' }),
  part({
    aud: 'https://storage.azure.com',
    iss: 'https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/',
    iat: now,
    nbf: now - 60,
    exp: now + 7200,
    oid: '23657296-5cd5-45b0-a809-d972a7f4dfe1',
    tid: 'ab1f708d-50f6-404c-a006-d71b2ac7a606',
    ver: '1.0',
  }),
  'none',
].join('.');
const identity = { getToken: async () => ({ token, expiresOnTimestamp: (now + 7200) * 1000 }) };

let folder: string;
let azurite: ReturnType<typeof startChild>;
let store: Store;
let lab: Awaited<ReturnType<typeof startArchiveLab>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'azurite-'));
  const authority = await makeAuthority('storage');
  const { certificate, key } = await issue(authority, ['localhost'], ['127.0.0.1']);
  const [cert, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  setDefaultCACertificates([...getCACertificates(), authority.certificate]);
  const port = await freePort();
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  azurite = startChild(
    process.execPath,
    // biome-ignore format: an option and its value
    [main, '--location', folder, '--blobHost', '127.0.0.1', '--blobPort', String(port), '--cert', cert, '--key', keyFile, '--oauth', 'basic',
      '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(azurite.stdout!, 'data');
  const url = `https://127.0.0.1:${port}/devstoreaccount1/readings`;
  await vi.waitFor(() => new ContainerClient(url, identity).create(), { timeout: 60_000 });
  store = await blobStore(url, identity);
  lab = await startArchiveLab();
});
afterAll(async () => {
  if (azurite) await stopChild(azurite);
  await lab?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (size: number) => Buffer.alloc(size, 'reading ');
const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const get = async (name: string) => buffer(await store.get(name));

test('an object is stored whole or not at all, never overwritten, listed by folder and removed', async () => {
  const large = bytes(20 * 1024 * 1024 + 1);
  await store.put('a/one', Readable.from([large]));
  expect(digest(await get('a/one'))).toBe(digest(large));
  await expect(store.put('a/one', Readable.from([bytes(1)]))).rejects.toThrow(/ has a\/one already: run this again$/);
  expect((await get('a/one')).length).toBe(large.length);
  const breaks = Readable.from(
    (async function* () {
      yield bytes(9 * 1024 * 1024);
      throw new Error('the dump broke off');
    })(),
  );
  await expect(store.put('a/two', breaks)).rejects.toThrow('the dump broke off');
  await store.put('b/three', Readable.from([bytes(5)]));
  expect(await store.list('a/')).toEqual([{ name: 'a/one', bytes: large.length }]);
  expect((await store.list()).map(({ name }) => name)).toEqual(['a/one', 'b/three']);
  for (const name of ['a/one', 'a/two', 'b/three']) expect(await store.remove(name)).toBe(true);
  expect(await store.list()).toEqual([]);
});

test('the archive stores a day there, links it for its tenant, and brings it back', async () => {
  await lab.openDay(31);
  await lab.add(31, 20);
  const before = await lab.live();
  await lab.retire();
  expect(await lab.archive(store)).toMatchObject({ rows: 80n, problems: [] });
  await lab.admin.query('insert into public.archive_requests (tenant_id, first_day, last_day) values ($1, $2, $2)', [
    lab.tenants[0],
    lab.day(31),
  ]);
  const logged: string[] = [];
  expect(await lab.archive(store, (line) => logged.push(line))).toMatchObject({ problems: [] });
  const { rows } = await lab.admin.query('select name, url, ends_at from public.archive_links');
  expect(rows).toHaveLength(1);
  const [{ name, url }] = rows;
  const link = new URL(url);
  expect(Object.fromEntries(link.searchParams)).toMatchObject({ sp: 'r', sr: 'b', spr: 'https' });
  expect(Date.parse(link.searchParams.get('se')!) - Date.now()).toBeLessThanOrEqual(LINK_MS);
  expect(logged.join('\n')).not.toContain('sig=');
  const answer = await fetch(link);
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="readings-.*\.parquet"$/);
  expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(await get(name)));
  // It reads this object, and does nothing else.
  const other = (await store.list()).find((object) => object.name !== name)!.name;
  const status = async (method: string, at = link) =>
    (await fetch(at, { method, headers: { 'x-ms-blob-type': 'BlockBlob' } })).status;
  const inUrl = (path: string) => path.split('/').map(encodeURIComponent).join('/');
  const toOther = link.href.replace(inUrl(name), inUrl(other));
  expect(toOther).not.toBe(link.href);
  expect(await status('GET', new URL(toOther))).toBe(403);
  expect(await status('PUT')).toBe(403);
  expect(await status('DELETE')).toBe(403);
  expect(await status('GET', new URL(link.href.replace(/&se=[^&]+/, '&se=2099-01-01T00%3A00%3A00Z')))).toBe(403);
  const objects = await withConnection(lab.writer, (client) => archivedObjects(client));
  expect(await restoreDays({ url: lab.postgres.url }, store, objects, 1, () => {})).toBe(80n);
  expect(await lab.live()).toEqual(before);
});
