// Inside the namespaces: boots a machine, takes crash images while it works, and boots each of them. Started by main.ts only.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../machine/job.ts';
import { expect } from '../machine/machine.ts';
import { letIngestComeBy, untilRegistryIsInForce } from '../machine/mqtt.ts';
import { prepare } from '../machine/prepare.ts';
import { measure, type Outcome } from '../machine/report.ts';
import type { Inside } from '../machine/sandbox.ts';
import { DiskStore } from './disks.ts';
import { HARMS } from './harms.ts';
import { type Image, judge, LOSS_BOUND_MS } from './judge.ts';
import { atFirst, FIRST_BOOT_IMAGES, type Promised, SCENES } from './scenes.ts';
import { drain, Traffic } from './traffic.ts';

/** What main.ts was asked for. */
export interface CrashJob extends Job {
  /** Images of each scene. Default: the scene's own number. */
  images?: number;
  /** Default: all. */
  scenes?: string[];
}

const job = JSON.parse(process.argv[2] ?? '{}') as CrashJob & Inside;
const outcomes: Outcome[] = [];
const images: Image[] = [];
const traffic = new Traffic();
const isWanted = (scene: string) => !job.scenes || job.scenes.includes(scene);

let store!: DiskStore;
const { machine, booted, args } = await prepare({ ...job, group: `${job.group}/live` }, async (folder) => {
  store = await DiskStore.make(folder);
  return (await store.open('live', join(folder, 'machine-1'))).data.device;
});
const promised: Promised = atFirst(machine);

await note('live', 'the first boot ends', firstBoot);
await note(
  'live',
  'the broker serves the registry’s accounts',
  async () => void (await untilRegistryIsInForce(machine)),
);
await note('live', 'an image loses what was not synced, and keeps what was', isFaithful);
await drain(machine);
traffic.start(machine);
for (const [name, { scene, images: count }] of Object.entries(SCENES)) {
  if (isWanted(name))
    await note('live', `${name}: works while images are taken`, () => play(name, scene, job.images ?? count));
}
const harmed = new Map<Image, string>();
if (isWanted('harmed')) await note('live', 'harmed: images are taken', takeHarmed);
await traffic.stop();
await booted.kill();
for (const image of images) {
  const about = { live: machine, args: { ...args, group: job.group }, store };
  const harm = harmed.get(image);
  await note(image.scene, harm ? `${image.name} ${harm}` : image.name, () =>
    judge(image, about, harm ? HARMS[harm] : undefined),
  );
}
process.send?.({ outcomes });
process.disconnect();
// What was started here would keep this process.
process.once('disconnect', () => process.exit());

async function note(group: string, name: string, act: () => Promise<string | undefined>): Promise<void> {
  outcomes.push(await measure(group, name, act));
}

async function takeHarmed(): Promise<string> {
  for (const [name, { lossMs }] of Object.entries(HARMS))
    harmed.set(await take('harmed', 1000, harmed.size, lossMs), name);
  return `${harmed.size} images`;
}

/** Images of the first boot, at random moments of it. */
async function firstBoot(): Promise<string> {
  let hasEnded = false;
  const boot = booted
    .create()
    .then(() => booted.waitUntilBooted())
    .finally(() => {
      hasEnded = true;
    });
  const taken: Image[] = [];
  // Nothing repairs a power cut before that, in the first seconds: docs/machine.md.
  const begun = join(args.folder, 'machine-1/upper/etc/systemd/system/sysinit.target.wants/first-boot-again.service');
  while (!hasEnded && !lstatSync(begun, { throwIfNoEntry: false })) await sleep(200);
  await sleep(2000);
  for (let number = 0; isWanted('first-boot') && !hasEnded && number < 300; number += 1) {
    await sleep(Math.random() * 1000);
    const name = `first-boot-${number}`;
    await store.snapshot(name);
    taken.push({ name, scene: 'first-boot', due: [], ...promised });
  }
  await boot;
  const count = job.images ?? FIRST_BOOT_IMAGES;
  for (const surplus of shuffled(taken).slice(count)) {
    taken.splice(taken.indexOf(surplus), 1);
    await store.remove(surplus.name);
  }
  images.push(...taken);
  return `${taken.length} images`;
}

/** Else nothing that follows means anything. */
async function isFaithful(): Promise<undefined> {
  await machine.exec('cd /root && echo kept >synced && sync synced . && echo lost >unsynced');
  await store.snapshot('faithful');
  const disks = await store.open('faithful', join(args.folder, 'faithful'));
  const read = (name: string) => {
    const path = join(disks.system, 'upper/root', name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  };
  const found = { synced: read('synced'), unsynced: read('unsynced') };
  await disks.close();
  await store.remove('faithful');
  expect(found.synced === 'kept' && found.unsynced === '', JSON.stringify(found));
  return undefined;
}

async function play(name: string, scene: (typeof SCENES)['applies']['scene'], count: number): Promise<string> {
  await letIngestComeBy(machine);
  let isDone = false;
  const work = (async () => {
    for (let turn = 0; !isDone; turn += 1) await scene(machine, promised, turn);
  })();
  // Not unhandled while images are taken; reported below.
  work.catch(() => {});
  // Every message of the scene before is due by the first image.
  for (let number = 0; number < count; number += 1) await take(name, 500 + Math.random() * 3500, number);
  isDone = true;
  await work;
  return `${count} images`;
}

/** Takes an image after a while, as soon as it has messages to keep, and notes what was promised until then. */
async function take(scene: string, afterMs: number, number: number, lossMs = LOSS_BOUND_MS): Promise<Image> {
  await sleep(afterMs);
  const name = `${scene}-${number}`;
  const dueNow = () => traffic.acknowledged.filter(({ at }) => at < Date.now() - lossMs).map(({ payload }) => payload);
  for (let look = 0; dueNow().length === 0 && look < 120; look += 1) await sleep(500);
  const due = dueNow();
  expect(due.length > 0, 'nothing was acknowledged in a minute');
  const image = { name, scene, due, releases: promised.releases, logins: [] as Promised['logins'] };
  if (scene === 'registry') image.logins = promised.logins;
  await store.snapshot(name);
  // Of an apply that came to its end meanwhile, both may be in force.
  image.releases = [...new Set([...image.releases, ...promised.releases])];
  images.push(image);
  return image;
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
