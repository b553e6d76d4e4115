// Inside the namespaces: makes the world, boots the machine, runs the checks. Started by main.ts only.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootedMachine } from './boot.ts';
import { CACHE } from './cache.ts';
import { startDatabase } from './database.ts';
import { makeDisk } from './disk.ts';
import { fillCloud, renderUserData } from './environment.ts';
import type { Job } from './job.ts';
import type { Machine } from './machine.ts';
import { letIngestComeBy, untilRegistryIsInForce } from './mqtt.ts';
import { type Listed, makePlan, type Plan } from './plan.ts';
import { must } from './process.ts';
import { measure, type Outcome } from './report.ts';
import type { Inside, News } from './sandbox.ts';
import { startServices } from './services.ts';
import { ADDRESSES, BROKER_HOST, makeWorld, nameHosts, shellOf } from './world.ts';

const job = JSON.parse(process.argv[2] ?? '{}') as Job & Inside;
const outcomes: Outcome[] = [];
const { machine, booted } = await prepare(job);
await note('boot', 'the first boot ends', () => firstBoot(booted));
if (outcomes[0]?.passed) {
  await note('boot', 'the broker serves the registry’s accounts', () => serve(machine));
  if (job.options.keep) tell({ leader: booted.leader });
  await runPlan(await makePlan(job.part, job.options.only));
}
tell({ outcomes });
if (!job.options.keep) process.disconnect();
// What was started here would keep this process; with --keep it is meant to.
process.once('disconnect', () => process.exit());

async function prepare({ image, tools, group }: Job & Inside) {
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
  const booted = new BootedMachine({
    image,
    disk: await makeDisk(folder),
    userData: renderUserData(),
    sshPublicKey: readFileSync(`${files.sshKey}.pub`, 'utf8').trim(),
    folder,
    group,
  });
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
  return { machine, booted };
}

async function firstBoot(booted: BootedMachine): Promise<undefined> {
  await booted.create();
  await booted.waitUntilBooted();
}

async function serve(machine: Machine): Promise<undefined> {
  await untilRegistryIsInForce(machine);
}

async function runPlan({ together, after }: Plan): Promise<void> {
  await Promise.all(together.map(runAll));
  await runAll(after);
}

async function runAll(list: Listed[]): Promise<void> {
  for (const { group, check } of list) {
    if (check.disturbs) await letIngestComeBy(machine);
    await note(group, check.name, () => check.run(machine));
  }
}

async function note(group: string, name: string, act: () => Promise<string | undefined>): Promise<void> {
  outcomes.push(await measure(group, name, act));
}

function tell(news: News): void {
  process.send?.(news);
}
