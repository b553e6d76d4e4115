// The broker's memory with many devices registered and connected over TLS, publishing, with the default queue full, and after a hundred
// thousand connections. A Standard_B1s has 1 GiB, of which the whole machine may take 400 MiB.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt-packet';
import { telemetryTopic } from '../domain/topics.ts';
import { queueLimits } from '../provisioning/broker/queue.ts';
import { type BenchBroker, startBenchBroker } from './support/broker.ts';
import { inLanes } from './support/lanes.ts';
import { type Client, type ClientOptions, connectClient } from './support/mqtt-client.ts';
import { startLoad } from './support/publisher.ts';
import { subscribeAll } from './support/subscriber.ts';

const CLIENTS = 1000;
const REGISTERED = 10_000;
const CONNECTS = 100_000;
const EACH = 20;
/** As the configuration has them: queueMessagesPerSecond, queueOutageHours, queueMessageBytes. */
const QUEUE = queueLimits({ messagesPerSecond: 10, outageHours: 8, messageBytes: 256 });
const GOAL_MIB = 400;

const say = (rig: BenchBroker, what: string) => console.log(`${what.padEnd(52)} ${rig.memoryMiB().toFixed(1)} MiB`);

/** @param args numbers of clients connected, of devices registered, of connections made. Default: 1000 10000 100000. */
export async function run(args: string[] = []): Promise<void> {
  const [clients = CLIENTS, registered = REGISTERED, connects = CONNECTS] = args.map(Number);
  const devices = Array.from({ length: registered }, (_, index) => ['acme', `d${index}`] as const);
  await connected(devices, clients);
  await leak(devices, connects);
}

async function connected(devices: (readonly [string, string])[], count: number): Promise<void> {
  const { maxQueuedMessages, maxQueuedBytes } = QUEUE;
  const config = { maxConnections: count + 1, maxQueuedMessages, maxQueuedBytes };
  const rig = await startBenchBroker(devices, { config });
  say(rig, `the broker alone, ${devices.length} devices registered`);
  let received = 0;
  const ingest = await subscribeAll(rig.ingest, () => {
    received += 1;
  });
  const clients: { client: Client; topic: string }[] = [];
  await inLanes(0, count, async (number) => {
    const name = devices[number]!;
    clients.push({ client: await connectClient(rig.device(...name)), topic: telemetryTopic(...name) });
  });
  say(rig, `with ${clients.length} clients connected`);
  const publish = (each: number) =>
    Promise.all(clients.map(({ client, topic }) => startLoad(client, { topic, payloadBytes: 256, count: each }).done));
  await publish(EACH);
  while (received < clients.length * EACH) await sleep(50);
  say(rig, `after ${received} messages of theirs`);
  await ingest.close();
  await publish(Math.ceil(maxQueuedMessages / clients.length));
  say(rig, `with the default queue full, ${maxQueuedMessages} messages`);
  const isReached = rig.memoryMiB() <= GOAL_MIB;
  console.log(`goal: at most ${GOAL_MIB} MiB, ${isReached ? 'reached' : 'NOT REACHED'}`);
  for (const { client } of clients) client.socket.destroy();
  await rig.remove();
}

/** Connects again and again, without TLS, whose handshakes would take most of the time: every third is refused. */
async function leak(devices: (readonly [string, string])[], count: number): Promise<void> {
  const configure = (text: string) =>
    text.replace(/^(certfile|keyfile|tls_version|ciphers|ciphers_tls1\.3) .*\n/gm, '');
  const rig = await startBenchBroker(devices, { configure });
  const login = (number: number): ClientOptions => {
    const known = rig.device(...devices[number % devices.length]!);
    if (number % 6 === 0) return { ...known, password: 'wrong' };
    return number % 6 === 3 ? { ...known, username: `acme.nobody${number}` } : known;
  };
  for (const part of [0.1, 0.9]) {
    await inLanes(0, count * part, (number) => comeAndGo(login(number)));
    say(rig, `after ${Math.round(count * (part === 0.1 ? 0.1 : 1))} connections, a third of them refused`);
  }
  await rig.remove();
}

async function comeAndGo({ host, port, username, password, clientId }: ClientOptions): Promise<void> {
  const socket = connect({ host, port });
  // A refusal may come as a reset.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, keepalive: 60, clean: true } as const;
  socket.write(mqtt.generate({ ...packet, clientId, username, password: Buffer.from(password) }));
  socket.write(mqtt.generate({ cmd: 'disconnect' } as mqtt.Packet));
  socket.resume();
  await closed;
}
