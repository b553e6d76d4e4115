// A server of the cluster dies while devices publish: nothing that was acknowledged is lost, nothing is double, and nobody waits long.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientIdOf } from '../../domain/cluster.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { readRegistry } from '../../provisioning/database/registry.ts';
import { type Rig, startRig } from './cluster-rig.ts';

const DEVICES = 12;
const MESSAGES = 2_400;
/** What a server's death may cost a device. */
const MOST_SILENCE_MS = 10_000;

let lab: Lab;
let rig: Rig;
const workers: ReturnType<typeof startIngestWorker>[] = [];
let began = 0;
const log: Record<string, unknown>[] = [];

beforeAll(async () => {
  lab = await startLab({ broker: false, devices: DEVICES });
  rig = await startRig({ registry: await readRegistry(lab.admin) });
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await rig?.stop();
  await lab?.stop();
});

async function startWorker(): Promise<ReturnType<typeof startIngestWorker>> {
  const { cluster } = rig;
  began += 1;
  const name = `worker-${began}`;
  const worker = startIngestWorker({
    env: {
      NATS_SERVERS: cluster.addresses.join(),
      NATS_CA: cluster.caFile,
      MQTT_BROKER_USERNAME: 'svc-ingest',
      MQTT_BROKER_PASSWORD: lab.serviceKey,
      EXTERNAL_DATABASE_CONNECTION_STRING: await lab.login('mqtt_ingest'),
    },
    logFile: `${lab.dir}/${name}.log`,
    onLog: (entry) => log.push({ worker: name, ...entry }),
  });
  workers.push(worker);
  return worker;
}

/** Publishes numbered readings by every device, one after the other's acknowledgement; each device reconnects to any server. */
function publishAll(messages: number) {
  const ca = readFileSync(rig.cluster.caFile);
  const ports = rig.cluster.servers.map(({ url }) => Number(new URL(url).port));
  const acknowledged = new Set<string>();
  let longest = 0;
  const publishOne = async (index: number) => {
    const { tenant, device, key } = lab.devices[index % lab.devices.length]!;
    const username = `${tenant}.${device}`;
    const client = mqtt.connect({
      servers: ports.map((_, n) => ({
        host: '127.0.0.1',
        port: ports[(n + index) % ports.length]!,
        protocol: 'mqtts' as const,
      })),
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
    for (let n = 0; n < messages / DEVICES; n += 1) {
      const payload = JSON.stringify({ device: username, n });
      await client.publishAsync(telemetryTopic(tenant, device), payload, { qos: 1 });
      acknowledged.add(payload);
      longest = Math.max(longest, Date.now() - last);
      last = Date.now();
    }
    await client.endAsync();
  };
  const done = Promise.all(lab.devices.slice(0, DEVICES).map((_, index) => publishOne(index)));
  return { acknowledged, done, longest: () => longest };
}

const rows = async () =>
  (
    await lab.admin.query<{ text: string }>("select payload::text as text from public.telemetry where payload ? 'n'")
  ).rows
    .map(({ text }) => JSON.stringify(JSON.parse(text)))
    .sort();
const sortedKeys = (texts: Iterable<string>) => [...texts].map((text) => JSON.stringify(JSON.parse(text))).sort();

test('each server is killed in turn, a worker too, while twelve devices publish', async () => {
  await startWorker();
  await startWorker();
  const publishing = publishAll(MESSAGES);
  let over = false;
  void publishing.done.then(() => {
    over = true;
  });
  let kills = 0;
  for (const server of rig.cluster.servers) {
    await sleep(2_000);
    if (over) break;
    await server.kill();
    kills += 1;
    await sleep(3_000);
    await server.start();
    await sleep(6_000);
  }
  await publishing.done;
  expect(publishing.acknowledged.size).toBe(MESSAGES);
  await expect.poll(async () => (await rows()).length, { timeout: 90_000 }).toBeGreaterThanOrEqual(MESSAGES);
  await sleep(1_000);
  const found = await rows();
  console.log({ kills, longest: publishing.longest(), rows: found.length, distinct: new Set(found).size });
  expect(new Set(found)).toEqual(new Set(sortedKeys(publishing.acknowledged)));
  expect(publishing.longest()).toBeLessThan(MOST_SILENCE_MS);
});
