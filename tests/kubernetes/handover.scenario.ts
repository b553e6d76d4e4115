// A rolling update and a node's drain, with the worker's own processes: the genuine deployment controller, scheduler and `kubectl
// drain` decide, real workers are started and stopped, devices publish all the while. Nothing acknowledged is missing or double, and
// each change keeps readings waiting for some seconds only.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { INGEST_BUNDLE } from '../../lab/ingest-worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { objectsOf } from '../../provisioning/kubernetes/render.ts';
import { prod } from '../../provisioning/kubernetes/testing/settings.ts';
import { addLoadDevices, type Publishers, startPublishers } from '../support/publishers.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { type KubeletOptions, type Kubelets, startKubelets } from './kubelet.ts';

const settings = prod();
const NODES = ['node-a', 'node-b', 'node-c'];
const WORKER = 'worker-0';
const SPACE = ['--namespace', settings.namespace];
/** Longest that readings may wait: the next worker asks for the lease every 3 s, and a worker that is killed keeps it for 30 s. */
const MOST_WAIT_MS = 12_000;

let lab: Lab;
let cluster: Cluster;
let kubelets: Kubelets;
let options: KubeletOptions;
let publishers: Publishers;
const started: string[] = [];

beforeAll(async () => {
  lab = await startLab({ worker: true });
  // The session is on the broker: what is published from now on is queued for it.
  await lab.worker.stop();
  lab.followRegistry();
  cluster = await startCluster({ acting: true });
  const names = ['acme', 'globex'].flatMap((tenant) => ['d1', 'd2'].map((device) => ({ tenant, device })));
  publishers = await startPublishers(lab.broker, await addLoadDevices(lab.adminUrl, names));
  const objects = objectsOf(settings).filter(({ kind, metadata }) => kind === 'Namespace' || metadata.name === WORKER);
  await cluster.must(['apply', '--server-side', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));
  options = {
    nodes: NODES,
    namespace: settings.namespace,
    start: ({ args = [], env = [] }, port) => {
      const [program, ...others] = args;
      if (!program?.endsWith('/bin/node')) throw new Error(`the worker is started with ${program}`);
      // What the pod has as names in the cluster and as files, it has here from the lab.
      const plain = env.filter(({ name, value = '' }) => value !== '' && !/_FILE$|_CA$|_URL$|_AS$/.test(name));
      const given = Object.fromEntries(plain.map(({ name, value }) => [name, value!]));
      const ours = lab.env(given.MQTT_CLIENT_ID!, { HEALTH_PORT: String(port), HEALTH_ADDRESS: '127.0.0.1' });
      return {
        command: process.execPath,
        args: others.map((word) => word.replace('/opt/mqtt-saas/functions/', `${join(ROOT, 'dist/functions')}/`)),
        env: { PATH: process.env.PATH!, ...given, ...ours, LOG_LEVEL: 'silent' },
      };
    },
    onPod: (what, pod) => what === 'started' && started.push(pod),
  };
  kubelets = await startKubelets(cluster, options);
  await rolledOut();
});
afterAll(async () => {
  await publishers?.stop();
  await kubelets?.stop();
  await cluster?.stop();
  await lab?.stop();
});

const rolledOut = () =>
  waitFor('the rollout', async () => {
    const { text } = await cluster.kubectl(['rollout', 'status', 'deployment', WORKER, '--watch=false', ...SPACE]);
    return text.includes('successfully rolled out');
  });

const podNames = async () => (await cluster.must(['get', 'pods', '-o', 'name', ...SPACE])).trim().split('\n');
const podNodes = async () =>
  (await cluster.must(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}', ...SPACE])).trim().split(' ');

async function waitFor(what: string, isDone: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(250)) if (await isDone()) return;
  const { text } = await cluster.kubectl(['get', 'pods', '-o', 'wide', ...SPACE]);
  throw new Error(`${what} has not come within two minutes:\n${text}`);
}

/** Number of the process that holds the lease, or held it last. */
async function holder(): Promise<number> {
  const { rows } = await lab.admin.query<{ holder: string }>(
    "select holder from ingest.leases where name = 'mqtt-ingest'",
  );
  return Number(rows[0]!.holder.split(':')[1]);
}

/** Node of its pod. */
async function holdersNode(): Promise<string> {
  const node = kubelets.nodeOf(await holder());
  if (node === undefined) throw new Error('the lease is held by none of the pods');
  return node;
}

/** Publishes until `change` is through. @returns the longest time that no reading was stored, in milliseconds. */
async function whileMessagesFlow(change: () => Promise<void>): Promise<number> {
  let isOver = false;
  const publishing = (async () => {
    for (; !isOver; await sleep(50)) await publishers.publish(20);
  })();
  let longest = 0;
  const watching = (async () => {
    let [rows, since] = [(await lab.countRows()).rows, Date.now()];
    while (!isOver) {
      const now = (await lab.countRows()).rows;
      if (now > rows) [rows, since] = [now, Date.now()];
      longest = Math.max(longest, Date.now() - since);
      await sleep(100);
    }
  })();
  await sleep(2000);
  await change();
  await sleep(5000);
  isOver = true;
  await Promise.all([publishing, watching]);
  return longest;
}

async function nothingIsLost(): Promise<void> {
  const all = { rows: publishers.acknowledged.size, distinct: publishers.acknowledged.size };
  await expect.poll(lab.countRows, { timeout: 60_000, interval: 500 }).toEqual(all);
}

test('runs the bundle of this checkout in pods on different nodes', async () => {
  expect(INGEST_BUNDLE).toBe(join(ROOT, 'dist/functions/main.mjs'));
  const nodes = await podNodes();
  expect(new Set(nodes).size).toBe(2);
});

test('a rolling update loses nothing', async () => {
  const before = started.length;
  const waited = await whileMessagesFlow(async () => {
    await cluster.must(['rollout', 'restart', 'deployment', WORKER, ...SPACE]);
    await rolledOut();
    await waitFor('the end of the former pods', async () => (await podNames()).length === 2);
  });
  console.log(`rolling update: readings waited for at most ${waited} ms`);
  expect(started.length - before).toBe(2);
  expect(waited).toBeLessThan(MOST_WAIT_MS);
  await nothingIsLost();
});

test('the drain of the node whose worker ingests loses nothing, and keeps to the budget', async () => {
  const node = await holdersNode();
  const waited = await whileMessagesFlow(async () => {
    await cluster.must(['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s']);
    await rolledOut();
  });
  console.log(`drain of ${node}: readings waited for at most ${waited} ms`);
  expect(waited).toBeLessThan(MOST_WAIT_MS);
  expect(await podNodes()).not.toContain(node);
  await nothingIsLost();
});

test('a worker that is killed instead loses nothing either, but keeps readings waiting until its lease ends', async () => {
  const killed = await holder();
  const node = await holdersNode();
  const pod = (await podNames())[(await podNodes()).indexOf(node)]!;
  options.patienceSeconds = 0;
  const waited = await whileMessagesFlow(async () => {
    await cluster.must(['delete', pod, ...SPACE]);
    await waitFor('another holder', async () => (await holder()) !== killed);
  });
  console.log(`killed on ${node}: readings waited for ${waited} ms`);
  expect(waited).toBeGreaterThan(MOST_WAIT_MS);
  await nothingIsLost();
});
