// The world of one machine, inside the namespaces: the parties around it, the services it finds, and the machine, not booted yet.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootedMachine, type MachineArgs } from './boot.ts';
import { CACHE } from './cache.ts';
import { startDatabase } from './database.ts';
import { makeDisk } from './disk.ts';
import { fillCloud, publishBundle, renderUserData } from './environment.ts';
import type { Former } from './former.ts';
import type { Job } from './job.ts';
import type { Machine } from './machine.ts';
import { must } from './process.ts';
import type { Inside } from './sandbox.ts';
import { startServices } from './services.ts';
import { ADDRESSES, BROKER_HOST, makeWorld, nameHosts, shellOf } from './world.ts';

/** What was made. */
export interface Prepared {
  machine: Machine;
  booted: BootedMachine;
  /** What the machine is made of, for another one. */
  args: MachineArgs;
}

/** Makes it. @param dataDisk makes the data disk in a folder; gives its device. */
export async function prepare({ image, tools, group, former }: Job & Inside, dataDisk = makeDisk): Promise<Prepared> {
  const folder = join(CACHE, 'run');
  await must('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'none', folder]);
  await must('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
  await makeWorld();
  await nameHosts(folder);
  const files = {
    folder: join(folder, 'files'),
    sshKey: join(folder, 'files/admin'),
    caFile: join(folder, 'files/ca.pem'),
  };
  mkdirSync(files.folder);
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'admin', '-f', files.sshKey]);
  chmodSync(files.sshKey, 0o600);
  const services = await startServices(image);
  const database = await startDatabase(services);
  writeFileSync(files.caFile, await fillCloud(services, database.agentUrl));
  const earlier = former && (JSON.parse(readFileSync(former, 'utf8')) as Former);
  if (earlier) publishBundle(services, { hash: earlier.hash, archive: Buffer.from(earlier.archive, 'base64') });
  const args: MachineArgs = {
    image,
    disk: await dataDisk(folder),
    userData: earlier ? earlier.userData : renderUserData(),
    sshPublicKey: readFileSync(`${files.sshKey}.pub`, 'utf8').trim(),
    folder,
    group,
  };
  const booted = new BootedMachine(args);
  const machine: Machine = {
    exec: booted.exec,
    admin: shellOf('admin'),
    outsider: shellOf('outsider'),
    services,
    database,
    addresses: ADDRESSES,
    host: BROKER_HOST,
    files,
    tools,
    power: booted,
  };
  return { machine, booted, args };
}
