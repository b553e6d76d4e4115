// Inside the namespaces: makes the world, boots the machine, runs the checks. Started by main.ts only.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootedMachine } from './boot.ts';
import { CACHE } from './cache.ts';
import { startDatabase } from './database.ts';
import { makeDisk } from './disk.ts';
import { fillCloud, renderUserData } from './environment.ts';
import type { Check, Machine } from './machine.ts';
import type { Options } from './main.ts';
import { untilRegistryIsInForce } from './mqtt.ts';
import { mutationChecks } from './mutations.ts';
import { must } from './process.ts';
import { close, measure, type Outcome } from './report.ts';
import type { Image } from './rootfs.ts';
import type { Inside, Up } from './sandbox.ts';
import { startServices } from './services.ts';
import type { Tools } from './tools.ts';
import { ADDRESSES, BROKER_HOST, makeWorld, nameHosts, shellOf } from './world.ts';

/** What main.ts hands over. */
export interface Job {
  image: Image;
  tools: Tools;
  options: Options;
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job & Inside;
const outcomes: Outcome[] = [];
const { machine, booted } = await prepare(job);
outcomes.push(await measure('boot', 'the first boot ends', () => firstBoot(booted)));
if (outcomes[0]?.passed) {
  outcomes.push(await measure('boot', 'the broker serves the registry’s accounts', () => serve(machine)));
}
if (job.options.keep) {
  process.send?.({ leader: booted.leader } satisfies Up);
}
if (outcomes[0]?.passed) await runChecks(machine);
if (job.options.keep) await new Promise(() => setInterval(() => {}, 3_600_000));
process.exit(close(outcomes, job.options.json));

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

/** A check and the file it is from. */
interface Listed {
  group: string;
  check: Check;
}

/** The scanners run beside the others; then what breaks and mends the machine, then what leaves it different. */
async function runChecks(machine: Machine): Promise<void> {
  const all = await listChecks();
  const mutations = mutationChecks(all.map(({ check }) => check)).map((check) => ({ group: 'mutations', check }));
  const { only } = job.options;
  const wanted = [...all, ...mutations].filter(({ group }) => !only || only.includes(group));
  const isOf =
    (...groups: string[]) =>
    (listed: Listed) =>
      groups.includes(listed.group);
  const calm = wanted.filter(({ check }) => !check.disturbs);
  const others = calm.filter((listed) => !isOf('scores', 'mutations')(listed));
  await Promise.all([runAll(machine, calm.filter(isOf('scores'))), runAll(machine, others)]);
  await runAll(machine, calm.filter(isOf('mutations')));
  await runAll(
    machine,
    wanted.filter(({ check }) => check.disturbs),
  );
}

async function runAll(machine: Machine, list: Listed[]): Promise<void> {
  for (const { group, check } of list) {
    outcomes.push(await measure(group, check.name, () => check.run(machine)));
  }
}

/** Every list of checks/, in the order of their files' names. */
async function listChecks(): Promise<Listed[]> {
  const folder = new URL('./checks/', import.meta.url);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const lists = files.map(async (file) => {
    const { checks } = (await import(new URL(file, folder).href)) as { checks: Check[] };
    return checks.map((check) => ({ group: file.slice(0, -'.ts'.length), check }));
  });
  return (await Promise.all(lists)).flat();
}
