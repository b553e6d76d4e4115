// Disks of the machine: loop devices. The data disk outlives machines as Azure's does.
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { must } from './process.ts';

const GIB = 1024 ** 3;

/** A loop device; gone when it was let go of and no mount of it is left, or with this process. */
export interface Attached {
  device: string;
  letGo(): void;
}

/** Makes an empty file for a disk. */
export function makeFile(path: string, gib: number): void {
  writeFileSync(path, '');
  truncateSync(path, gib * GIB);
}

/** A device of what the file holds. */
export async function attach(file: string): Promise<Attached> {
  const device = (await must('losetup', ['--find', '--show', file])).trim();
  // The kernel keeps that mark beyond a detach: a run that was killed while a disk was read-only would leave it to the next.
  await must('blockdev', ['--setrw', device]);
  const held = openSync(device, 'r+');
  // In use by this process, it is not detached now but at its last close, even when nobody is left to say so.
  await must('losetup', ['--detach', device]);
  return { device, letGo: () => closeSync(held) };
}

/** An empty data disk of 2 GiB in `folder`; gives its device. */
export async function makeDisk(folder: string): Promise<string> {
  const file = `${folder}/disk`;
  makeFile(file, 2);
  return (await attach(file)).device;
}
