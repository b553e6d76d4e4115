// What else can be wrong with the disks of a crash image, beside that its power was cut.
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '../machine/machine.ts';
import { must } from '../machine/process.ts';
import type { Disks } from './disks.ts';

/** Changes the disks before the boot; may give what takes it back. @param release hash of the one in force. */
export type Harm = (disks: Disks, release: string) => Promise<(() => void) | undefined>;

/** What a slow disk does: a fifth of the smallest one that Azure has. */
const SLOW = { write_bps_device: 2 * 1024 ** 2, write_iops_device: 100 };

const releaseFiles = ({ system }: Disks, release: string): string[] => {
  const folder = join(system, 'upper/opt/mqtt-saas/releases', release);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length > 30, `the release in force has ${files.length} files`);
  return files.map(({ parentPath, name }) => join(parentPath, name));
};

export const HARMS: Record<string, Harm> = {
  /** As a power cut left it before anything was synced. */
  'with every file of its release empty': async (disks, release) => {
    for (const file of releaseFiles(disks, release)) truncateSync(file);
    return undefined;
  },
  'with one bit of a file of its release another': async (disks, release) => {
    const files = releaseFiles(disks, release).filter((file) => readFileSync(file).length > 0);
    const file = files[Math.floor(Math.random() * files.length)] ?? '';
    const content = readFileSync(file);
    const place = Math.floor(Math.random() * content.length);
    content[place] = (content[place] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
    writeFileSync(file, content);
    return undefined;
  },
  'with a full data disk': async ({ data }) => {
    const place = '/run/full-disk';
    mkdirSync(place, { recursive: true });
    await must('mount', [data.device, place]);
    await must('sh', [
      '-c',
      'dd if=/dev/zero of=/run/full-disk/filler bs=64k 2>/dev/null; sync -f /run/full-disk; true',
    ]);
    await must('umount', [place]);
    return undefined;
  },
  'on slow disks': async (disks) => {
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
    // Without a limit: another device may have the number next.
    return () => set({ write_bps_device: 0, write_iops_device: 0 });
  },
};
