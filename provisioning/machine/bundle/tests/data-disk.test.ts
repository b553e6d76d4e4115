// Whether a bundle's queue has room on the data disk. The unit that grows it is a stand-in here; its script is run for real by
// provisioning/machine/data-disk.test.ts.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'room-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const GIB = 2 ** 30;

/**
 * What `make_room` says of a release with these settings. `systemctl` is a script.
 * @param sizes of the file system: before, and at the end.
 * @param disk the block device's size, after each attempt.
 */
function makeRoom(
  settings: object,
  { systemctl = 'exit 0', old = settings, sizes = [GIB, 3 * GIB], disk = [4 * GIB] } = {},
): string {
  for (const [name, content] of Object.entries({ new: settings, old })) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'settings.json'), JSON.stringify(content));
  }
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$*" >>${folder}/asked\n${systemctl}\n`, { mode: 0o755 });
  const program = `import sys; sys.path.insert(0, sys.argv[1]); from mqtt_saas import data_disk
sizes = iter(${JSON.stringify(sizes)}); data_disk._size = lambda folder: next(sizes)
disk = iter(${JSON.stringify(disk)}); data_disk._disk_size = lambda folder: next(disk)
try: print(data_disk.make_room(sys.argv[2] + "/new", sys.argv[2] + "/old", 0))
except OSError as error: print(type(error).__name__, error)`;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-B', '-c', program, BIN, folder], {
    env,
    encoding: 'utf8',
  });
  return stdout.trim() || stderr;
}
const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

test('the file system grows before anything counts on it, and what it did is said', () => {
  expect(makeRoom({ stateBytes: 2 * GIB })).toBe("the data disk's file system grew from 1024 MiB to 3072 MiB");
  expect(asked()).toEqual(['start grow-data-disk.service']);
});

test('a larger disk may show its size late', () => {
  const change = { old: { dataDiskGb: 4 }, disk: [4 * GIB, 4 * GIB, 8 * GIB] };
  expect(makeRoom({ dataDiskGb: 8 }, change)).toBe("the data disk's file system grew from 1024 MiB to 3072 MiB");
  expect(asked()).toHaveLength(3);
});

test('or never; then the next boot looks again', () => {
  const never = { old: { dataDiskGb: 4 }, sizes: [GIB, GIB], disk: Array(40).fill(4 * GIB) };
  expect(makeRoom({ dataDiskGb: 8 }, never)).toBe(
    "the data disk's file system has 1024 MiB; its disk still shows 4096 MiB of 8192 MiB, and the next boot looks again",
  );
  expect(asked()).toHaveLength(40);
});

test('a disk that has its size already is not waited for', () => {
  const grown = { old: { dataDiskGb: 4 }, sizes: [7 * GIB, 7 * GIB], disk: [8 * GIB] };
  expect(makeRoom({ dataDiskGb: 8 }, grown)).toBe("the data disk's file system has 7168 MiB");
  expect(asked()).toHaveLength(1);
});

test('a queue that has no room even then is refused, with why it is not larger', () => {
  expect(makeRoom({ stateBytes: 4 * GIB }, { systemctl: 'echo no such device >&2; exit 1' })).toBe(
    "TooSmall the data disk's file system has 3072 MiB, and the configuration's queue needs 4096 MiB " +
      '(it did not grow: no such device)',
  );
});

test('an older bundle says nothing of its queue, and is not judged', () => {
  expect(makeRoom({})).toMatch(/grew from/);
});

test('the size of a disk is what the kernel says of it; a folder on no disk has none', () => {
  const program =
    'import sys; sys.path.insert(0, sys.argv[1]); from mqtt_saas import data_disk; print([data_disk._disk_size(f) for f in sys.argv[2:]])';
  const sizeOf = (...folders: string[]) =>
    spawnSync('/usr/bin/python3', ['-B', '-c', program, BIN, ...folders], { encoding: 'utf8' }).stdout;
  expect(sizeOf('/proc')).toBe('[None]\n');
  const lines = spawnSync('lsblk', ['-bnro', 'FSTYPE,SIZE,MOUNTPOINT'], { encoding: 'utf8' }).stdout.split('\n');
  for (const [type, size, place] of lines.map((line) => line.split(' '))) {
    // Its file systems lie on no one disk.
    if (type === 'btrfs') continue;
    if (place?.startsWith('/') && statSync(place, { throwIfNoEntry: false })?.isDirectory())
      expect(sizeOf(place)).toBe(`[${size}]\n`);
  }
});
