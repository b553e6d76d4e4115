// Servers of the cluster and workers die while devices publish: nothing that was acknowledged is lost, nothing is double, and no device
// waits long.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientIdOf, PARTITIONS } from '../../domain/cluster.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { readRegistry } from '../../provisioning/database/registry.ts';
import { type Rig, startRig } from './cluster-rig.ts';

/** Twelve, of six tenants: in several partitions. */
const DEVICES = Array.from({ length: 12 }, (_, n) => ({ tenant: `tenant-${n % 6}`, device: `pump-${n}` }));
/** What a server's death may cost a device on busy cores: the others elect leaders for 4 to 9 s, and each attempt before that waits. */
const MOST_SILENCE_MS = 45_000;

/** A worker, with the partitions that it has got. */
type Worker = ReturnType<typeof startIngestWorker> & { partitions: number[] };

let lab: Lab;
let rig: Rig;
let ingestUrl: string;
const workers: Worker[] = [];

beforeAll(async () => {
  lab = await startLab({ broker: false, devices: DEVICES });
  rig = await startRig({ registry: await readRegistry(lab.admin) });
  ingestUrl = await lab.login('mqtt_ingest');
  startWorker();
  startWorker();
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await rig?.stop();
  await lab?.stop();
});

function startWorker(): Worker {
  const { cluster } = rig;
  const partitions: number[] = [];
  const worker = startIngestWorker({
    env: {
      NATS_SERVERS: cluster.addresses.join(),
      NATS_CA: cluster.caFile,
      MQTT_BROKER_USERNAME: 'svc-ingest',
      MQTT_BROKER_PASSWORD: lab.serviceKey,
      EXTERNAL_DATABASE_CONNECTION_STRING: ingestUrl,
    },
    logFile: `${lab.dir}/worker-${workers.length}.log`,
    onLog: ({ msg, partition }) => {
      if (msg === 'lease acquired') partitions.push(partition as number);
    },
  });
  workers.push({ ...worker, partitions });
  return workers.at(-1)!;
}

/** Publishes numbered readings by every device, each after the acknowledgement of the previous one; a device tries the servers in turn. */
function publishAll(run: string) {
  let isOver = false;
  const ca = readFileSync(rig.cluster.caFile);
  const ports = rig.cluster.servers.map(({ url }) => Number(new URL(url).port));
  const acknowledged = new Set<string>();
  let longest = 0;
  const publishOne = async (index: number) => {
    const { tenant, device, key } = lab.devices[index]!;
    const username = `${tenant}.${device}`;
    const order = ports.map((_, n) => ports[(n + index) % ports.length]!);
    const client = mqtt.connect({
      servers: order.map((port) => ({ host: '127.0.0.1', port, protocol: 'mqtts' as const })),
      username,
      password: key,
      clientId: clientIdOf(username),
      protocolVersion: 4,
      clean: false,
      reconnectPeriod: 250,
      connectTimeout: 3_000,
      keepalive: 2,
      ca,
    });
    client.on('error', () => {});
    let last = Date.now();
    for (let n = 0; !isOver; n += 1) {
      const reading = { n, run, device: username };
      // With a time of its own: a device that got no acknowledgement publishes it again, and it is the same reading.
      const payload = JSON.stringify({ ts: new Date().toISOString(), ...reading });
      await client.publishAsync(telemetryTopic(tenant, device), payload, { qos: 1 });
      acknowledged.add(JSON.stringify(reading));
      longest = Math.max(longest, Date.now() - last);
      last = Date.now();
    }
    await client.endAsync();
  };
  const done = Promise.all(lab.devices.map((_, index) => publishOne(index)));
  const finish = () => {
    isOver = true;
    return done;
  };
  return { acknowledged, finish, longest: () => longest };
}

/** What was stored of a run. */
const stored = async (run: string) =>
  (await lab.admin.query("select payload from public.telemetry where payload ->> 'run' = $1", [run])).rows
    .map(({ payload: { n, device } }) => JSON.stringify({ n, run, device }))
    .sort();

/** Nothing is missing, once all that waits is stored, and nothing is double. */
async function expectAll(run: string, acknowledged: Set<string>): Promise<void> {
  const missing = async () => {
    const rows = new Set(await stored(run));
    return [...acknowledged].filter((reading) => !rows.has(reading)).length;
  };
  await expect.poll(missing, { timeout: 90_000, interval: 500 }).toBe(0);
  expect((await stored(run)).length).toBe(acknowledged.size);
}

test('each server is killed in turn while twelve devices publish', async () => {
  const publishing = publishAll('servers');
  for (const server of rig.cluster.servers) {
    await sleep(2_000);
    await server.kill();
    await sleep(3_000);
    await server.start();
    await sleep(5_000);
  }
  await publishing.finish();
  await expectAll('servers', publishing.acknowledged);
  const all = publishing.acknowledged.size;
  console.log(`${all} messages; a device waited ${publishing.longest()} ms at most`);
  expect(publishing.longest()).toBeLessThan(MOST_SILENCE_MS);
});

test('a worker is killed, and the other one takes its partitions over', async () => {
  const [one, other] = workers as [Worker, Worker];
  await expect.poll(() => one.partitions.length + other.partitions.length).toBeGreaterThanOrEqual(PARTITIONS);
  expect(one.partitions).not.toEqual([]);
  expect(other.partitions).not.toEqual([]);
  const publishing = publishAll('workers');
  await sleep(500);
  one.child.kill('SIGKILL');
  await sleep(2_000);
  await publishing.finish();
  await expectAll('workers', publishing.acknowledged);
  expect(new Set(other.partitions).size).toBe(PARTITIONS);
});

test('a worker that stops in order leaves at once what it holds', async () => {
  const last = startWorker();
  const publishing = publishAll('in-order');
  await sleep(500);
  const started = Date.now();
  await workers[1]!.stop();
  await publishing.finish();
  await expectAll('in-order', publishing.acknowledged);
  // A lease that is not given back lasts 30 s.
  expect(Date.now() - started).toBeLessThan(25_000);
  expect(last.partitions.length + workers[1]!.partitions.length).toBeGreaterThan(PARTITIONS);
});
