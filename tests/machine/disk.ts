// The data disk: a loop device, which outlives machines as Azure's disk does, and nothing else.
import { openSync, truncateSync, writeFileSync } from 'node:fs';
import { must } from './process.ts';

const GIB = 1024 ** 3;

/** Makes an empty disk of 2 GiB in `folder`; gives its device. It is gone when this process and all mounts of it are. */
export async function makeDisk(folder: string): Promise<string> {
  const file = `${folder}/disk`;
  writeFileSync(file, '');
  truncateSync(file, 2 * GIB);
  const device = (await must('losetup', ['--find', '--show', file])).trim();
  openSync(device, 'r+');
  // In use by this process, it is not detached now but at its last close, even when nobody is left to say so.
  await must('losetup', ['--detach', device]);
  return device;
}
