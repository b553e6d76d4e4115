// Whether a bundle's queue has room on the data disk. The unit that grows it is a stand-in here; its script is run for real by
// provisioning/machine/data-disk.test.ts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'room-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What `make_room` says of a release with these settings. `systemctl` is a script. */
function makeRoom(settings: object, systemctl = 'exit 0'): string {
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$*" >>${folder}/asked\n${systemctl}\n`, { mode: 0o755 });
  // The file system of the folder stands for the disk's; a number of the test's own for its growth.
  const program = `import sys; sys.path.insert(0, sys.argv[1]); import data_disk
sizes = iter([2**30, 3 * 2**30]); data_disk._size = lambda folder: next(sizes)
try: print(data_disk.make_room(sys.argv[2], sys.argv[2]))
except OSError as error: print(type(error).__name__, error)`;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync('python3', ['-B', '-c', program, import.meta.dirname, folder], {
    env,
    encoding: 'utf8',
  });
  return stdout.trim() || stderr;
}

test('the file system grows before anything counts on it, and what it did is said', () => {
  expect(makeRoom({ stateBytes: 2 * 2 ** 30 })).toBe("the data disk's file system grew from 1024 MiB to 3072 MiB");
  expect(spawnSync('cat', [join(folder, 'asked')], { encoding: 'utf8' }).stdout).toBe('start grow-data-disk.service\n');
});

test('a queue that has no room even then is refused, with why it is not larger', () => {
  expect(makeRoom({ stateBytes: 4 * 2 ** 30 }, 'echo no such device >&2; exit 1')).toBe(
    "TooSmall the data disk's file system has 3072 MiB, and the configuration's queue needs 4096 MiB " +
      '(it did not grow: no such device)',
  );
});

test('a bundle of before says nothing of its queue, and is not judged', () => {
  expect(makeRoom({})).toMatch(/grew from/);
});
