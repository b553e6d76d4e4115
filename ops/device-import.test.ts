// `ops device import` as an operator runs it: all or none, keys in a file before the devices are there, and a rerun adds what is missing.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCredentials } from '../domain/device-import.ts';
import { isHashOf } from '../provisioning/database/registry.ts';
import { type Commands, startCommands } from './testing/commands.ts';

let commands: Commands;
let dir: string;
let file: string;
let saved: string;
beforeAll(async () => {
  commands = await startCommands();
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-import-'));
  file = join(dir, 'fleet.csv');
  saved = join(dir, 'keys', 'credentials.csv');
});
afterAll(async () => {
  await commands?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function run(text: string, ...more: string[]) {
  writeFileSync(file, text);
  const where = ['--tenant', 'acme', '--save', join(dir, 'keys'), '--host', 'broker.example.com'];
  return commands.ops('device', 'import', file, ...where, ...more);
}
const keys = () => readCredentials(readFileSync(saved, 'utf8'), 'acme')!;
const devices = async () =>
  (
    await commands.database.admin.query<{ slug: string; tags: string[]; hash: string }>(
      `select d.slug, d.tags, c.password_hash as hash from public.devices as d
       join public.tenants as t on t.id = d.tenant_id and t.slug = 'acme'
       join public.device_credentials as c on c.device_id = d.id and c.revoked_at is null order by d.slug`,
    )
  ).rows;
const FLEET = 'slug,name,tags\nnew-1,New one,hot\nnew-2,,\npump,,\n';

it('names each line that is wrong, and adds nothing', async () => {
  const { code, err } = await run('slug\nnew-1\nNew 2\nnew-1\n');
  expect(code).toBe(1);
  expect(err).toContain('nothing was added:\n  line 3: slug: "New 2" is not allowed.');
  expect(err).toContain('\n  line 4: slug: "new-1" is on line 2, too.');
  expect((await devices()).map(({ slug }) => slug)).toEqual(['fan', 'pump']);
});

it('previews, adds, and a rerun adds what is missing with the key that stands in the file', async () => {
  expect((await run(FLEET, '--preview')).out).toBe(
    `1 device of ${file} is there already, and not changed\n2 devices to add`,
  );
  expect(await devices()).toHaveLength(2);
  expect(await run(FLEET)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`2 devices added; the keys are in ${saved}`),
  });
  expect(statSync(saved).mode & 0o777).toBe(0o600);
  const first = keys();
  expect([...first.keys()]).toEqual(['new-1', 'new-2']);
  expect((await run(FLEET)).out).toContain('0 devices to add');
  expect(keys()).toEqual(first);
  // Cut off after the file was written.
  await commands.database.admin.query("delete from public.devices where slug = 'new-2'");
  expect((await run(FLEET)).out).toContain('1 device added');
  expect(keys()).toEqual(first);
  const added = (await devices()).filter(({ slug }) => slug.startsWith('new-'));
  expect(added.map(({ slug, tags }) => [slug, tags])).toEqual([
    ['new-1', ['hot']],
    ['new-2', []],
  ]);
  for (const { slug, hash } of added) expect(await isHashOf(hash, first.get(slug)!), slug).toBe(true);
});

it("refuses a folder with another tenant's keys, and leaves them", async () => {
  const before = readFileSync(saved, 'utf8');
  expect(await run(FLEET, '--tenant', 'globex')).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${saved} has keys of another tenant`),
  });
  expect(readFileSync(saved, 'utf8')).toBe(before);
});

it('says which tenant there is not', async () => {
  writeFileSync(file, FLEET);
  const { code, err } = await commands.ops(
    'device',
    'import',
    file,
    '--tenant',
    'none',
    '--save',
    join(dir, 'other'),
    '--host',
    'h',
  );
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('there is no tenant "none"') });
});

it('a list tells when each was last seen, in natural order, and refuses a tenant that there is not', async () => {
  const { admin } = commands.database;
  await admin.query(
    `insert into public.devices (tenant_id, slug, name)
     select id, 'a-' || n, 'A' from public.tenants, unnest('{10,2}'::int[]) as n where slug = 'globex'`,
  );
  await admin.query(
    `insert into public.device_status (tenant_id, device_id, last_received_at)
     select tenant_id, id, '2026-01-02T03:04:05Z' from public.devices where slug = 'a-2'`,
  );
  const { out } = await commands.ops('device', 'list', 'globex');
  expect(out.split('\n').map((line) => line.replace(/ +key of .*| +no key .*/, ''))).toEqual([
    'globex a-2   enabled   last seen 2026-01-02T03:04',
    'globex a-10  enabled   last seen never',
    'globex pump  enabled   last seen never',
    '3 devices',
  ]);
  expect(await commands.ops('device', 'list', 'none')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no tenant "none"'),
  });
});
