// The broker's memory with many devices connected over TLS, idle and publishing. A Standard_B1s has 1 GiB.
import { setTimeout as sleep } from 'node:timers/promises';
import { telemetryTopic } from '../domain/topics.ts';
import { startBenchBroker } from './support/broker.ts';
import { type Client, connectClient } from './support/mqtt-client.ts';
import { startLoad } from './support/publisher.ts';
import { subscribeAll } from './support/subscriber.ts';

const CLIENTS = 1000;
/** Connections made at a time. */
const AT_ONCE = 20;
const EACH = 20;

/** @param args number of clients. Default: 1,000. */
export async function run([count = String(CLIENTS)]: string[] = []): Promise<void> {
  const devices = Array.from({ length: Number(count) }, (_, index) => ['acme', `d${index}`] as const);
  const rig = await startBenchBroker(devices, { config: { maxConnections: devices.length + 1 } });
  const say = (what: string) => console.log(`${what.padEnd(36)} ${rig.memoryMiB().toFixed(1)} MiB`);
  say('the broker alone');
  let received = 0;
  const ingest = await subscribeAll(rig.ingest, () => {
    received += 1;
  });
  const clients: { client: Client; topic: string }[] = [];
  const waiting = [...devices];
  const lane = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      clients.push({ client: await connectClient(rig.device(...next)), topic: telemetryTopic(...next) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  say(`with ${clients.length} clients connected`);
  const loads = clients.map(({ client, topic }) => startLoad(client, { topic, payloadBytes: 256, count: EACH }));
  await Promise.all(loads.map(({ done }) => done));
  while (received < loads.length * EACH) await sleep(50);
  say(`after ${received} messages of theirs`);
  for (const { client } of [...clients, { client: ingest }]) client.socket.destroy();
  await rig.remove();
}
