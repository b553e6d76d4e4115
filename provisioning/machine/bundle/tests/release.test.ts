import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarGz } from '../archive.ts';
import { pack } from '../bundle.ts';
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
  const place =
    'h = sys.argv[2]; release.RELEASES = h + "/releases"; release.CURRENT = h + "/current"; release.FORMER = h + "/former"';
  const program = `import sys; sys.path.insert(0, sys.argv[1]); from mqtt_saas import release; ${place}; c = sys.argv[3]; print(${line})`;
  const env = { ...process.env, METADATA_ENDPOINT: azure.url };
  const args = ['-B', '-c', program, BIN, home, `${azure.url}/bundles`];
  return run('/usr/bin/python3', args, { env }).then(
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

  it('is on the disk before it gets its name', async () => {
    azure.blobs.set(`bundles/${sha256(good)}.tgz`, good);
    const noted =
      'setattr(release.durable, f, lambda *a, f=f, act=getattr(release.durable, f): [print(f, *a), act(*a)])';
    const note = `[${noted} for f in ("sync_tree", "rename")]`;
    const folder = join(home, 'releases', sha256(good));
    const steps = [`sync_tree ${folder}.new`, `rename ${folder}.new ${folder}`];
    expect(await python(`${note} and release.fetch(c, "${sha256(good)}")`)).toContain(steps.join('\n'));
  });

  it('brings its manifest, or is given one, and is fetched again when it is not whole any more', async () => {
    const withManifest = pack([{ path: 'bin/run.py', content: Buffer.from('#!/bin/sh\n'), executable: true }]);
    for (const [hash, archive] of [
      [sha256(good), good],
      [withManifest.hash, withManifest.archive],
    ] as const) {
      azure.blobs.set(`bundles/${hash}.tgz`, archive);
      const folder = await fetch(hash);
      const flaw = () => python(`release.flaw("${folder}")`);
      expect(await flaw()).toBe('None');
      execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], { cwd: folder });
      const harms: [() => void, RegExp][] = [
        [() => truncateSync(join(folder, 'bin/run.py')), /^bin\/run\.py is not what was packed$/],
        [() => rmSync(join(folder, 'bin'), { recursive: true }), /^bin\/run\.py is missing$/],
        [() => chmodSync(join(folder, 'bin/run.py'), 0o644), /^bin\/run\.py may not be executed$/],
        [() => writeFileSync(join(folder, 'bin/more'), ''), /^bin\/more does not belong to it$/],
        [() => truncateSync(join(folder, 'SHA256SUMS')), /^SHA256SUMS is empty$/],
        [() => writeFileSync(join(folder, 'SHA256SUMS'), 'nonsense'), /unpack/],
        [() => rmSync(join(folder, 'SHA256SUMS')), /No such file/],
        [() => rmSync(folder, { recursive: true }), /No such file/],
      ];
      for (const [harm, reason] of harms) {
        harm();
        expect(await flaw()).toMatch(reason);
        expect(await fetch(hash)).toBe(folder);
        expect(await flaw()).toBe('None');
      }
    }
    expect(kept().sort()).toEqual([sha256(good), withManifest.hash].sort());
  });

  it('is refused when its manifest says something else', async () => {
    const files = pack([{ path: 'a', content: Buffer.from('1'), executable: false }]).files;
    const bad = tarGz(files.map((file) => (file.path === 'a' ? { ...file, content: Buffer.from('2') } : file)));
    azure.blobs.set(`bundles/${sha256(bad)}.tgz`, bad);
    expect(await fetch(sha256(bad))).toMatch(
      /Refused: the bundle is not as its SHA256SUMS says: a is not what was packed/,
    );
    expect(kept()).toEqual([]);
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
    ['is not an archive', () => Buffer.from('nothing'), /Refused: the bundle cannot be unpacked/],
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
    azure.blobs.set(`bundles/${sha256(good)}.tgz`, good);
    symlinkSync(await fetch(sha256(good)), join(home, 'current'));
    expect(await python('release.wanted(c)')).toMatch(/AzureError: .*\/bundles\/current answered 404/);
  });

  it('is in force, the link says; what the first boot brought is none', async () => {
    expect(await python('release.in_force()')).toBe('None');
    mkdirSync(join(home, 'bootstrap'));
    symlinkSync(join(home, 'bootstrap'), join(home, 'current'));
    expect(await python('release.in_force()')).toBe('None');
    rmSync(join(home, 'current'));
    azure.blobs.set(`bundles/${sha256(good)}.tgz`, good);
    const folder = await fetch(sha256(good));
    symlinkSync(folder, join(home, 'current'));
    expect(await python('release.in_force()')).toBe(folder);
    // A folder of this name is not enough.
    truncateSync(join(folder, 'settings.json'));
    expect(await python('release.in_force()')).toBe('None');
    expect(await python('release.linked(release.CURRENT)')).toBe(folder);
  });
});
