// A rolling update and a node's drain with the worker's own processes, in the order in which a cluster does it: the manifest says how they
// are started, when one is ready, and how long it has to stop. Devices publish all the while. Nothing acknowledged is missing or
// double, and each change keeps readings waiting for some seconds only.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { startChild, stopChild } from '../../lab/child.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { objectsOf } from '../../provisioning/kubernetes/render.ts';
import { podsIn } from '../../provisioning/kubernetes/testing/objects.ts';
import { prod } from '../../provisioning/kubernetes/testing/settings.ts';
import { addLoadDevices, type Publishers, startPublishers } from '../support/publishers.ts';

const { spec } = podsIn(objectsOf(prod())).find(({ name }) => name === 'worker-0')!;
/** Longest that readings may wait: the next worker asks for the lease every 3 s, and a worker that is killed keeps it for 30 s. */
const MOST_WAIT_MS = 15_000;

let lab: Lab;
let publishers: Publishers;
/** Workers that run, oldest first. */
let workers: ChildProcess[];

beforeAll(async () => {
  lab = await startLab({ worker: true });
  // The session is on the broker: what is published from now on is queued for it.
  await lab.worker.stop();
  lab.followRegistry();
  const names = ['acme', 'globex'].flatMap((tenant) => ['d1', 'd2'].map((device) => ({ tenant, device })));
  publishers = await startPublishers(lab.broker, await addLoadDevices(lab.adminUrl, names));
  workers = [await startWorker(spec), await startWorker(spec)];
});
afterAll(async () => {
  await publishers?.stop();
  for (const worker of workers ?? []) await stopChild(worker);
  await lab?.stop();
});

/** As the pod says; its files and names in the cluster are the lab's here. Resolves when its readiness probe is answered. */
async function startWorker({ containers: [container] }: PodSpec): Promise<ChildProcess> {
  const { args = [], env = [], readinessProbe } = container!;
  const [program, ...others] = args;
  if (!program?.endsWith('/bin/node')) throw new Error(`the worker is started with ${program}`);
  const plain = env.filter(({ name, value = '' }) => value !== '' && !/_FILE$|_CA$|_URL$|_AS$/.test(name));
  const given = Object.fromEntries(plain.map(({ name, value }) => [name, value!]));
  const port = await freePort();
  const here = { HEALTH_PORT: String(port), HEALTH_ADDRESS: '127.0.0.1', LOG_LEVEL: 'silent' };
  const child = startChild(
    process.execPath,
    others.map((word) => word.replace('/opt/mqtt-saas/functions/', `${join(ROOT, 'dist/functions')}/`)),
    {
      env: { PATH: process.env.PATH!, ...given, ...lab.env(given.MQTT_CLIENT_ID!), ...here },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const answers = () =>
    fetch(`http://127.0.0.1:${port}${readinessProbe!.httpGet!.path}`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await sleep(100);
  return child;
}

const graceMs = () => spec.terminationGracePeriodSeconds! * 1000;

/** Number of the process that holds the lease, or held it last. */
async function holder(): Promise<number> {
  const { rows } = await lab.admin.query<{ holder: string }>(
    "select holder from ingest.leases where name = 'mqtt-ingest'",
  );
  return Number(rows[0]!.holder.split(':')[1]);
}

/** Publishes until `change` is through. @returns the longest time that no reading was stored, in milliseconds. */
async function whileMessagesFlow(change: () => Promise<void>): Promise<number> {
  let isOver = false;
  let longest = 0;
  const publishing = (async () => {
    for (; !isOver; await sleep(50)) await publishers.publish(20);
  })();
  const watching = (async () => {
    let [rows, since] = [(await lab.countRows()).rows, Date.now()];
    for (; !isOver; await sleep(100)) {
      const now = (await lab.countRows()).rows;
      if (now > rows) [rows, since] = [now, Date.now()];
      longest = Math.max(longest, Date.now() - since);
    }
  })();
  await sleep(2000);
  await change().finally(() => (isOver = true));
  await Promise.all([publishing, watching]);
  return longest;
}

/** Until another process than this has the lease, and has stored something. */
async function until(isAnother: (pid: number) => boolean): Promise<void> {
  await expect.poll(async () => isAnother(await holder()), { timeout: 60_000, interval: 200 }).toBe(true);
  await sleep(3000);
}

async function nothingIsLost(): Promise<void> {
  const all = { rows: publishers.acknowledged.size, distinct: publishers.acknowledged.size };
  await expect.poll(lab.countRows, { timeout: 60_000, interval: 500 }).toEqual(all);
}

test('a rolling update loses nothing: a new one is ready, then an old one goes, twice', async () => {
  const former = workers.map(({ pid }) => pid);
  const waited = await whileMessagesFlow(async () => {
    for (const old of [...workers]) {
      workers.push(await startWorker(spec));
      await stopChild(old, 'SIGTERM', graceMs());
      expect(old.signalCode).toBeNull();
      workers = workers.filter((one) => one !== old);
    }
    await until((pid) => !former.includes(pid));
  });
  console.log(`rolling update: readings waited for at most ${waited} ms`);
  expect(waited).toBeLessThan(MOST_WAIT_MS);
  await nothingIsLost();
});

test('the drain of the node whose worker ingests loses nothing: it goes, the other one goes on, a third one comes', async () => {
  const pid = await holder();
  const evicted = workers.find((one) => one.pid === pid)!;
  const waited = await whileMessagesFlow(async () => {
    await stopChild(evicted, 'SIGTERM', graceMs());
    workers = [...workers.filter((one) => one !== evicted), await startWorker(spec)];
    await until((now) => now !== pid);
  });
  console.log(`drain: readings waited for at most ${waited} ms`);
  expect(waited).toBeLessThan(MOST_WAIT_MS);
  await nothingIsLost();
});

test('a worker that is killed instead loses nothing either, but readings wait until its lease ends', async () => {
  const pid = await holder();
  const killed = workers.find((one) => one.pid === pid)!;
  const waited = await whileMessagesFlow(async () => {
    const gone = once(killed, 'exit');
    killed.kill('SIGKILL');
    await gone;
    workers = workers.filter((one) => one !== killed);
    await until((now) => now !== pid);
  });
  console.log(`killed: readings waited for ${waited} ms`);
  expect(waited).toBeGreaterThan(MOST_WAIT_MS);
  await nothingIsLost();
});
