import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarGz } from '../archive.ts';
import { type AzureStandIn, startAzure } from '../testing/azure-stand-in.ts';
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

const run = promisify(execFile);
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const good = tarGz([
  { path: 'bin/run.py', content: Buffer.from('#!/usr/bin/python3\n'), executable: true },
  { path: 'settings.json', content: Buffer.from('{}'), executable: false },
]);

let azure: AzureStandIn;
let home: string;
beforeEach(async () => {
  azure = await startAzure();
  home = mkdtempSync(join(tmpdir(), 'release-'));
});
afterEach(async () => {
  await azure.stop();
  rmSync(home, { recursive: true });
});

/** Runs a line of Python with the library as `release`, its folders in a place of the test's, and `c` the container. */
async function python(line: string): Promise<string> {
  const place = 'release.RELEASES = sys.argv[2] + "/releases"; release.CURRENT = sys.argv[2] + "/current"';
  const program = `import sys; sys.path.insert(0, sys.argv[1]); from mqtt_saas import release; ${place}; c = sys.argv[3]; print(${line})`;
  const env = { ...process.env, METADATA_ENDPOINT: azure.url };
  const args = ['-B', '-c', program, BIN, home, `${azure.url}/bundles`];
  return run('python3', args, { env }).then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: { stderr: string }) => stderr.trim().split('\n').at(-1) ?? '',
  );
}
const fetch = (digest: string) => python(`release.fetch(c, "${digest}")`);
const kept = () => readdirSync(join(home, 'releases'));

describe('a bundle that is fetched', () => {
  it('is unpacked under its hash, once', async () => {
    azure.blobs.set(`bundles/${sha256(good)}.tgz`, good);
    const folder = join(home, 'releases', sha256(good));
    expect(await fetch(sha256(good))).toBe(folder);
    expect(readFileSync(join(folder, 'settings.json'), 'utf8')).toBe('{}');
    const mode = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
    expect([mode('bin/run.py'), mode('settings.json')]).toEqual(['755', '644']);
    const asked = azure.requests.length;
    expect(await fetch(sha256(good))).toBe(folder);
    expect(azure.requests).toHaveLength(asked);
    expect(kept()).toEqual([sha256(good)]);
  });

  it('is refused when one bit of it is another', async () => {
    const bad = Buffer.from(good);
    bad[700] = (bad[700] ?? 0) ^ 1;
    azure.blobs.set(`bundles/${sha256(good)}.tgz`, bad);
    expect(await fetch(sha256(good))).toBe(
      `mqtt_saas.release.Refused: the bundle is corrupted: its SHA-256 is ${sha256(bad)}`,
    );
    expect(kept()).toEqual([]);
  });

  it.each<[string, () => Buffer, RegExp]>([
    ['is no archive', () => Buffer.from('nothing'), /Refused: the bundle cannot be unpacked/],
    [
      'is cut off',
      () => gzipSync(execFileSync('tar', ['-cf', '-', '-C', home, 'file'])).subarray(0, 40),
      /cannot be unpacked/,
    ],
    ['holds a link', () => execFileSync('tar', ['-czf', '-', '-C', home, 'link']), /holds link, which is not a file/],
    [
      'leaves its folder',
      () => tarGz([{ path: '../../outside', content: Buffer.alloc(1), executable: false }]),
      /holds \.\.\/\.\.\/outside/,
    ],
  ])('is refused when it %s', async (_, make, reason) => {
    writeFileSync(join(home, 'file'), Buffer.alloc(50_000, 'x'));
    symlinkSync('/etc/passwd', join(home, 'link'));
    const bad = make();
    azure.blobs.set(`bundles/${sha256(bad)}.tgz`, bad);
    expect(await fetch(sha256(bad))).toMatch(reason);
    expect(kept()).toEqual([]);
  });
});

describe('which bundle', () => {
  it('is wanted, the pointer says; one that names none is an error', async () => {
    azure.blobs.set('bundles/current', Buffer.from(`${sha256(good)}\n`));
    expect(await python('release.wanted(c)')).toBe(sha256(good));
    azure.blobs.set('bundles/current', Buffer.from('../../etc'));
    expect(await python('release.wanted(c)')).toMatch(
      /AzureError: .*\/bundles\/current does not hold the hash of a bundle/,
    );
  });

  it('is wanted, the copy says while a deployment replaces the pointer, to a machine that has none', async () => {
    expect(await python('release.wanted(c)')).toMatch(/AzureError: .*\/bundles\/current answered 404/);
    azure.blobs.set('bundles/current-copy', Buffer.from(`${sha256(good)}\n`));
    expect(await python('release.wanted(c)')).toBe(sha256(good));
    mkdirSync(join(home, 'releases', 'a'), { recursive: true });
    symlinkSync(join(home, 'releases/a'), join(home, 'current'));
    expect(await python('release.wanted(c)')).toMatch(/AzureError: .*\/bundles\/current answered 404/);
  });

  it('is in force, the link says; what the first boot brought is none', async () => {
    expect(await python('release.in_force()')).toBe('None');
    mkdirSync(join(home, 'bootstrap'));
    symlinkSync(join(home, 'bootstrap'), join(home, 'current'));
    expect(await python('release.in_force()')).toBe('None');
    rmSync(join(home, 'current'));
    mkdirSync(join(home, 'releases', 'a'), { recursive: true });
    symlinkSync(join(home, 'releases/a'), join(home, 'current'));
    expect(await python('release.in_force()')).toBe(join(home, 'releases/a'));
  });
});
