// The script that deals with what outlives a machine: the data disk.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const own = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const owner = `${process.getuid?.()}:${process.getgid?.()}`;
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`], { env }).status === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const canMount = process.getuid?.() === 0 && has('mkfs.ext4') && existsSync('/dev/loop-control');

describe.runIf(canMount)('mount-data-disk (needs root, mkfs.ext4 and loop devices)', () => {
  /** Mounts `disk` as a new machine would, in a mount namespace with units of its own, then runs `then`. */
  function onNewMachine(disk: string, then: string) {
    const script = `
      mount -t tmpfs none /etc/systemd/system
      device=$(losetup -f --show "$2"); trap 'umount "$1/state" 2>/dev/null; losetup -d "$device"' EXIT
      sh "$3" "$device" "$1/state" "$4" && sh "$3" "$device" "$1/state" "$4" && { unit=/etc/systemd/system/*.mount; ${then}; }`;
    const args = ['-m', 'sh', '-c', script, 'sh', folder, disk, own('./mount-data-disk.sh'), owner];
    return spawnSync('unshare', args, { encoding: 'utf8', env, cwd: folder });
  }

  function blankDisk(): string {
    const disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 16 * 1024 * 1024);
    return disk;
  }

  it('formats a blank disk, mounts it once, and notes it for the next boot', () => {
    const result = onNewMachine(
      blankDisk(),
      'findmnt -no FSTYPE,OPTIONS state; stat -c %a state; systemd-analyze verify --man=no $unit && grep -c ^What= $unit',
    );
    expect(result.stdout, result.stderr).toMatch(/^ext4 +rw,nosuid,nodev,noexec,noatime\n700\n1\n$/);
  });

  it('keeps what an earlier machine left', () => {
    const disk = blankDisk();
    onNewMachine(disk, 'echo sessions >state/mosquitto.db');
    expect(onNewMachine(disk, 'cat state/mosquitto.db').stdout).toBe('sessions\n');
  });

  it('touches no disk that holds something else', () => {
    const disk = blankDisk();
    spawnSync('mkswap', [disk], { env });
    const before = readFileSync(disk);
    const result = onNewMachine(disk, 'echo mounted');
    expect(result.status).not.toBe(0);
    expect(readFileSync(disk).equals(before)).toBe(true);
  });
});
