// The script that deals with what outlives a machine: the data disk.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
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

/** The kernel lets nobody without CAP_SYS_RESOURCE grow what is mounted (ext4_ioctl), and a container may lack it. */
const mayGrowMounted =
  (BigInt(`0x${/^CapEff:\t(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0}`) >> 24n) % 2n === 1n;
/** There, a resize2fs that takes the file system off its folder meanwhile. Shell. */
const OFFLINE = `
  mkdir bin
  cat >bin/resize2fs <<END
umount $1/state && e2fsck -fp "$device" && $(command -v resize2fs) "$device" && mount -t ext4 "$device" $1/state
END
  chmod +x bin/resize2fs; PATH=$PWD/bin:$PATH`;

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
    expect(result.stdout, result.stderr).toMatch(/^ext4 +rw,nosuid,nodev,noexec,noatime,errors=remount-ro\n700\n1\n$/);
  });

  // The magic number and the state of the superblock at byte 1024, in ext4's disk layout.
  it.each([0x38, 0x3a])('keeps and repairs a disk whose superblock has a wrong bit in byte %i', (place) => {
    const disk = blankDisk();
    // Large enough for a second superblock.
    truncateSync(disk, 48 * 1024 * 1024);
    expect(onNewMachine(disk, 'echo kept >state/file').status).toBe(0);
    const file = openSync(disk, 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, 1024 + place);
    writeSync(file, Buffer.from([byte[0]! ^ 4]), 0, 1, 1024 + place);
    closeSync(file);
    const result = onNewMachine(disk, 'cat state/file');
    expect(result.stdout, result.stderr).toContain('kept');
  });

  it('has such a disk repaired at a later boot too, and says so in a figure', () => {
    const disk = blankDisk();
    truncateSync(disk, 48 * 1024 * 1024);
    // Systemd would name the unit's device, and put the figures' folder there.
    const script = `
      echo kept >state/file; umount state
      printf W | dd of="$device" bs=1 seek=${1024 + 0x38} conv=notrunc status=none
      mount -t tmpfs none /run; mkdir -p /run/mqtt-saas-metrics/check-data-disk bin
      printf '#!/bin/sh\\necho %s\\n' "$device" >bin/systemctl; chmod +x bin/systemctl
      PATH="$PWD/bin:$PATH" sh ${own('./bundle/bin/check-data-disk.sh')} "$1/state" >&2
      grep ^mqtt_saas_data_disk_check_result /run/mqtt-saas-metrics/check-data-disk/data-disk.prom
      mount -t ext4 "$device" state; cat state/file`;
    const { stdout, stderr } = onNewMachine(disk, script);
    expect(stdout, stderr).toBe('mqtt_saas_data_disk_check_result 1\nkept\n');
  });

  it('keeps what an earlier machine left', () => {
    const disk = blankDisk();
    onNewMachine(disk, 'echo sessions >state/mosquitto.db');
    expect(onNewMachine(disk, 'cat state/mosquitto.db').stdout).toBe('sessions\n');
  });

  it.each([
    ['a power cut left a count wrong', 'set_inode_field mosquitto.db links_count 7'],
    ['the disk lost a part of, which asks a question', 'clri <2>'],
  ])('repairs what %s before it is mounted', (_, damage) => {
    const disk = blankDisk();
    onNewMachine(disk, 'echo sessions >state/mosquitto.db');
    for (const request of [damage, 'set_super_value state 2'])
      spawnSync('debugfs', ['-w', '-R', request, disk], { env });
    expect(spawnSync('e2fsck', ['-fn', disk], { env }).status).not.toBe(0);
    expect(onNewMachine(disk, 'cat /proc/mounts | grep -c " ext4 rw"').stdout).toMatch(/^[1-9]/);
    expect(spawnSync('e2fsck', ['-fn', disk], { env }).status).toBe(0);
  });

  it.runIf(existsSync('/sys/fs/ext4'))(
    'is repaired after an error, and what the broker held is on the system disk',
    () => {
      // What systemd would do; the broker saves by the name of its folder.
      const systemctl = `
      case "$*" in
        'stop mosquitto.service') echo memory >"$PLACE/state/mosquitto.db" ;;
        start*.mount) e2fsck -p "$DEVICE" >&2; mount -t ext4 -o errors=remount-ro "$DEVICE" "$PLACE/state" ;;
        start*) echo "$*" ;;
      esac`;
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin/systemctl'), `#!/bin/sh\n${systemctl}\n`, { mode: 0o755 });
      const script = `
      export PLACE="$1" DEVICE="$device" PATH="$PWD/bin:$PATH"
      echo saved >state/mosquitto.db; sync
      echo test >"/sys/fs/ext4/\${device#/dev/}/trigger_fs_error"
      if touch state/new 2>/dev/null; then echo 'it takes writes'; else echo 'it takes none'; fi
      sh ${own('./bundle/bin/repair-data-disk.sh')} "$1/state" "$1/rescue"
      cat state/mosquitto.db rescue/mosquitto.db; touch state/new && ls state; stat -c %a rescue`;
      const { stdout, stderr } = onNewMachine(blankDisk(), script);
      expect(stdout.split('\n'), stderr).toEqual([
        'it takes none',
        'start mosquitto.service save-state.service registry-sync.service',
        `repair-data-disk: ${folder}/state is mounted again, and the broker has started`,
        ...['saved', 'memory', 'lost+found', 'mosquitto.db', 'new', '700', ''],
      ]);
    },
  );

  it('grows with its disk, and once', () => {
    const disk = blankDisk();
    const grow = `sh ${own('./bundle/bin/grow-data-disk.sh')} "$1/state" >said 2>&1 || cat said >&2; grep -o 'had.*' said || echo as it was`;
    const script = `
      ${mayGrowMounted ? '' : OFFLINE}
      echo sessions >state/mosquitto.db
      ${mayGrowMounted ? 'exec 3>>state/mosquitto.db' : ''}
      ${grow}
      truncate -s 64M "$2"; losetup -c "$device"
      ${grow}
      ${grow}
      ${mayGrowMounted ? 'echo more >&3; exec 3>&-' : 'echo more >>state/mosquitto.db'}
      cat state/mosquitto.db; findmnt -bno SIZE state`;
    const { stdout, stderr } = onNewMachine(disk, script);
    const [first, said, again, ...rest] = stdout.trim().split('\n');
    const [, had, has] = /^had (\d+) bytes and has (\d+)$/.exec(said ?? '') ?? [];
    expect(Number(has) / Number(had), stdout + stderr).toBeGreaterThan(3);
    expect([first, again]).toEqual(['as it was', 'as it was']);
    expect(rest).toEqual(['sessions', 'more', has]);
    expect(spawnSync('e2fsck', ['-fn', disk], { env }).status).toBe(0);
  });

  it('formats again what a power cut left half formatted, and nothing else that it cannot read', () => {
    const disk = blankDisk();
    writeFileSync(disk, Buffer.alloc(1024 * 1024, 'half of it'), { flag: 'r+' });
    const before = readFileSync(disk);
    expect(onNewMachine(disk, 'true').status).not.toBe(0);
    expect(readFileSync(disk).equals(before)).toBe(true);
    mkdirSync(join(folder, 'state'), { recursive: true });
    writeFileSync(join(folder, 'state/.formatting'), '');
    expect(onNewMachine(disk, 'echo kept >state/file').status).toBe(0);
    expect(existsSync(join(folder, 'state/.formatting'))).toBe(false);
    expect(onNewMachine(disk, 'cat state/file').stdout).toBe('kept\n');
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
