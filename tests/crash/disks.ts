// The machine's two disks as files of one btrfs, and what would be on them after a power cut.
//
// A snapshot of that btrfs is a crash image: it holds what the machine's kernel had handed to the loop devices and what these
// had called done, and nothing that was still in the page cache of the machine's own file systems. So what no program synced is
// lost, unless the kernel happened to write it by itself. Both disks are taken at one moment, and btrfs keeps the order that
// a flush asks for. What it does not play is a disk that loses what it called flushed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Attached, attach, makeFile } from '../machine/disk.ts';
import { must } from '../machine/process.ts';

/** As Ubuntu's image on Azure mounts its root: what nobody syncs is written half a minute later, not five seconds. */
const ROOT_OPTIONS = 'commit=30,errors=remount-ro';

/** The disks of a machine or of an image. */
export interface Disks {
  /** Where the system disk is mounted. */
  system: string;
  systemDevice: string;
  data: Attached;
  /** Unmounts and lets go; the machine has ended. */
  close(): Promise<void>;
}

/** Holds the disks and makes images of them. */
export class DiskStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes two empty disks below `folder`, which lies in memory. */
  static async make(folder: string): Promise<DiskStore> {
    const file = join(folder, 'store');
    makeFile(file, 24);
    const btrfs = await attach(file);
    await must('mkfs.btrfs', ['--quiet', '--data', 'single', '--metadata', 'single', btrfs.device]);
    const place = join(folder, 'disks');
    mkdirSync(place);
    await must('mount', ['-o', 'noatime,discard', btrfs.device, place]);
    const store = new DiskStore(place);
    await must('btrfs', ['-q', 'subvolume', 'create', store.#path('live')]);
    for (const [name, gib] of [
      ['system', 8],
      ['data', 2],
    ] as const)
      makeFile(join(store.#path('live'), name), gib);
    await must('mkfs.ext4', ['-q', join(store.#path('live'), 'system')]);
    return store;
  }

  /** The disks of the machine that runs, or of an image. @param at where the system disk is mounted. */
  async open(name: string, at: string): Promise<Disks> {
    const [system, data] = [
      await attach(join(this.#path(name), 'system')),
      await attach(join(this.#path(name), 'data')),
    ];
    mkdirSync(at, { recursive: true });
    await must('mount', ['-t', 'ext4', '-o', ROOT_OPTIONS, system.device, at]);
    return {
      system: at,
      systemDevice: system.device,
      data,
      close: async () => {
        await must('umount', ['-R', at]);
        system.letGo();
        data.letGo();
      },
    };
  }

  /** Takes an image of what would be on the disks if the power went now. */
  async snapshot(name: string): Promise<void> {
    await must('btrfs', ['-q', 'subvolume', 'snapshot', this.#path('live'), this.#path(name)]);
  }

  async remove(name: string): Promise<void> {
    await must('btrfs', ['-q', 'subvolume', 'delete', this.#path(name)]);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
