// The two scripts that deal with what outlives a machine: the data disk and the accounts on it.
import { spawnSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
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
  /** Mounts `disk` as a new machine would, in a mount namespace with an /etc/fstab of its own, then runs `then`. */
  function onNewMachine(disk: string, then: string) {
    const script = `
      touch "$1/fstab"; mount --bind "$1/fstab" /etc/fstab
      device=$(losetup -f --show "$2"); trap 'umount "$1/state" 2>/dev/null; losetup -d "$device"' EXIT
      sh "$3" "$device" "$1/state" "$4" && sh "$3" "$device" "$1/state" "$4" && { ${then}; }`;
    const args = ['-m', 'sh', '-c', script, 'sh', folder, disk, own('./mount-data-disk.sh'), owner];
    const result = spawnSync('unshare', args, { encoding: 'utf8', env, cwd: folder });
    rmSync(join(folder, 'fstab'), { force: true });
    return result;
  }

  function blankDisk(): string {
    const disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 16 * 1024 * 1024);
    return disk;
  }

  it('formats a blank disk, mounts it once, and notes it for the next boot', () => {
    const result = onNewMachine(blankDisk(), 'findmnt -no FSTYPE,OPTIONS state; wc -l <fstab; stat -c %a state');
    expect(result.stdout, result.stderr).toMatch(/^ext4 +rw,nosuid,nodev,noexec,noatime\n1\n700\n$/);
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

describe.runIf(has('mosquitto_passwd'))('seed-accounts (needs mosquitto_passwd)', () => {
  const seed = () =>
    spawnSync(
      'sh',
      [own('./seed-accounts.sh'), join(folder, 'secret'), join(folder, 'first.acl'), join(folder, 'accounts'), owner],
      { encoding: 'utf8', env },
    );

  beforeEach(() => {
    writeFileSync(join(folder, 'secret'), 'the-password');
    writeFileSync(join(folder, 'first.acl'), 'user svc-ingest\n');
  });

  it('makes the ingest account, hashed, and leaves the password nowhere', () => {
    expect(seed().stderr).toBe('');
    const line = readFileSync(join(folder, 'accounts/passwords'), 'utf8').trim();
    const [user, hash = ''] = line.split(':');
    const [, kind, iterations, salt = '', digest] = hash.split('$');
    expect([user, kind]).toEqual(['svc-ingest', '7']);
    const expected = pbkdf2Sync('the-password', Buffer.from(salt, 'base64'), Number(iterations), 64, 'sha512');
    expect(digest).toBe(expected.toString('base64'));
    expect(readFileSync(join(folder, 'accounts/acl'), 'utf8')).toBe('user svc-ingest\n');
    expect((statSync(join(folder, 'accounts/passwords')).mode & 0o777).toString(8)).toBe('600');
    expect(existsSync(join(folder, 'secret.plain'))).toBe(false);
  });

  it('leaves accounts that are there alone', () => {
    mkdirSync(join(folder, 'accounts'));
    writeFileSync(join(folder, 'accounts/passwords'), 'from the registry\n');
    expect(seed().status).toBe(0);
    expect(readFileSync(join(folder, 'accounts/passwords'), 'utf8')).toBe('from the registry\n');
  });
});
