// What else can be wrong with the disks of a crash image, beside that its power was cut.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from '../machine/machine.ts';
import { must } from '../machine/process.ts';
import type { Disks } from './disks.ts';

/** What is done to the disks before the boot. */
export interface Harm {
  /** May give what takes it back. @param release hash of the one in force. */
  act(disks: Disks, release: string): Promise<(() => Promise<void> | void) | undefined>;
  /** The machine cannot help itself and has to say so; then it is taken back. Default: it comes back by itself. */
  needsPerson?: true;
  /** Milliseconds before the image of which acknowledged messages may be lost. Default: the published bound. */
  lossMs?: number;
}

/** What a slow disk does: a fifth of the smallest one that Azure has. */
const SLOW = { write_bps_device: 2 * 1024 ** 2, write_iops_device: 100 };

const releaseFiles = ({ system }: Disks, release: string): string[] => {
  const folder = join(system, 'upper/opt/mqtt-saas/releases', release);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length > 30, `the release in force has ${files.length} files`);
  return files.map(({ parentPath, name }) => join(parentPath, name));
};

/** Another bit at a random place of the first `size` bytes from `from`. */
function flip(path: string, from: number, size: number): void {
  const file = openSync(path, 'r+');
  const place = from + Math.floor(Math.random() * size);
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, place);
  byte[0] = byte[0]! ^ (1 << Math.floor(Math.random() * 8));
  writeSync(file, byte, 0, 1, place);
  fsyncSync(file);
  closeSync(file);
}

/** Does it with the data disk mounted. */
async function onDataDisk({ data }: Disks, act: (folder: string) => unknown): Promise<undefined> {
  const folder = '/run/data-disk';
  mkdirSync(folder, { recursive: true });
  await must('mount', [data.device, folder]);
  await act(folder);
  await must('umount', [folder]);
}

/** Bytes of the state's header, and where in the superblock the file system's own state is: ext4's disk layout. */
const STATE_HEADER = 23;
const SUPERBLOCK_STATE = 1024 + 0x3a;

export const HARMS: Record<string, Harm> = {
  'with every file of its release empty, as a power cut leaves what nobody synced': {
    act: async (disks, release) => {
      for (const file of releaseFiles(disks, release)) truncateSync(file);
      return undefined;
    },
  },
  'with one bit of a file of its release another': {
    act: async (disks, release) => {
      const files = releaseFiles(disks, release).filter((file) => readFileSync(file).length > 0);
      const file = files[Math.floor(Math.random() * files.length)] ?? '';
      flip(file, 0, readFileSync(file).length);
      return undefined;
    },
  },
  'with one bit of its saved state’s header another': {
    act: (disks) => onDataDisk(disks, (folder) => flip(join(folder, 'mosquitto.db'), 0, STATE_HEADER)),
    // It starts from the save before.
    lossMs: 12_000,
  },
  'with one bit of the data disk’s superblock another': {
    act: async ({ data }) => void flip(data.device, SUPERBLOCK_STATE, 1),
  },
  'with a full data disk': {
    act: (disks) =>
      onDataDisk(disks, (folder) =>
        must('sh', ['-c', `dd if=/dev/zero of=${folder}/filler bs=64k 2>/dev/null; sync -f ${folder}; true`]),
      ),
  },
  'with a data disk that takes no writes, until a person helps': {
    act: async ({ data }) => {
      await must('blockdev', ['--setro', data.device]);
      return async () => void (await must('blockdev', ['--setrw', data.device]));
    },
    needsPerson: true,
  },
  'on slow disks': {
    act: async (disks) => {
      const place = '/run/blkio';
      mkdirSync(place, { recursive: true });
      await must('sh', ['-c', `mountpoint -q ${place} || mount -t cgroup -o blkio none ${place}`]);
      const devices = [disks.data.device, disks.systemDevice];
      const numbers = devices.map((device) =>
        readFileSync(device.replace('/dev/', '/sys/block/').concat('/dev'), 'utf8').trim(),
      );
      const set = (limits: Record<string, number>) => {
        for (const [name, limit] of Object.entries(limits)) {
          for (const number of numbers) writeFileSync(`${place}/blkio.throttle.${name}`, `${number} ${limit}`);
        }
      };
      set(SLOW);
      // 0 means no limit: another device may get the number next.
      return () => set({ write_bps_device: 0, write_iops_device: 0 });
    },
  },
};
