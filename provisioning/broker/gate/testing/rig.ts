// A real broker with the gate for each test, and the clients that try it.
// MQTT_SAAS_MOSQUITTO names other brokers' programs to try it with, divided by colons; without it the installed one. MQTT_SAAS_GATE
// names another gate, such as one that was built with a sanitizer, and MQTT_SAAS_PRELOAD what that needs.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe } from 'vitest';
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { devicePrefix, NO_CHANNEL_FILTER, TELEMETRY_FILTER, telemetryTopic } from '../../../../domain/topics.ts';
import { findMosquitto, type Mosquitto, type MosquittoOptions, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { makeScratchDir } from '../../../../lab/unprivileged.ts';
import type { RegistryEntry } from '../../registry.ts';

/** What acme.pump-1 publishes to. */
export const OWN = devicePrefix('acme', 'pump-1');
export const TELEMETRY = telemetryTopic('acme', 'pump-1');
export const SESSION = { clean: false, properties: { sessionExpiryInterval: 3600 } };
/** What ingest subscribes to. */
const FILTERS = [TELEMETRY_FILTER, NO_CHANNEL_FILTER, 'sensors/+/#'];
const { MQTT_SAAS_MOSQUITTO, MQTT_SAAS_GATE, MQTT_SAAS_PRELOAD } = process.env;
const OTHER = {
  ...(MQTT_SAAS_GATE && { gate: MQTT_SAAS_GATE }),
  ...(MQTT_SAAS_PRELOAD && { env: { LD_PRELOAD: MQTT_SAAS_PRELOAD } }),
};
/** Every account's. */
const key = generateKey();
export const passwordHash = await hashKey(key);

export const device = (tenant: string, name: string, hash = passwordHash, former?: string[]): RegistryEntry => ({
  kind: 'device',
  tenant,
  device: name,
  passwordHash: hash,
  former,
});
export const REGISTRY: RegistryEntry[] = [
  { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash, former: ['sensors'] },
  { kind: 'service', username: 'svc-control', purpose: 'control', passwordHash },
  device('acme', 'pump-1', passwordHash, ['sensors/1']),
  device('acme', 'pump-2'),
  device('umbrella', 'hive'),
];

/** What ingest received. */
export interface Delivery {
  topic: string;
  payload: string;
  retain: boolean;
  /** Values of the user property `gate`, in the order they came in. */
  stamps: string[];
}

export const closed = (client: mqtt.MqttClient) =>
  new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')));
export const publish = (client: mqtt.MqttClient, topic: string, payload: string | Buffer, options = {}) =>
  client.publishAsync(topic, payload, { qos: 1, ...options });
/** The reason code of a refusal, MQTT 5. */
export const code = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
/** What the broker answers a SUBSCRIBE or an UNSUBSCRIBE: one code, also when the client takes it for a refusal. */
export function answer(client: mqtt.MqttClient, cmd: 'subscribe' | 'unsubscribe', filter: string): Promise<number> {
  const granted = new Promise<number>((resolve) => {
    const look = (packet: mqtt.Packet) => {
      if (packet.cmd !== 'suback' && packet.cmd !== 'unsuback') return;
      client.off('packetreceive', look);
      resolve(packet.granted[0] as number);
    };
    client.on('packetreceive', look);
  });
  if (cmd === 'subscribe') client.subscribe(filter, { qos: 1 }, () => {});
  else client.unsubscribe(filter, () => {});
  return granted;
}

/** Runs tests with each broker; `rig` has a broker of its own for each test. */
export function eachBroker(tests: (rig: ReturnType<typeof createRig>) => void): void {
  describe.each((MQTT_SAAS_MOSQUITTO ?? findMosquitto()).split(':'))('%s', (program) => tests(createRig(program)));
}

function createRig(program: string) {
  let dir: string;
  let broker: Mosquitto;
  let port: number;
  let clients: mqtt.MqttClient[];

  /** Starts the broker, in the same folder each time. */
  const start = async (options: Partial<MosquittoOptions> = {}) => {
    broker = await startMosquitto({ dir: join(dir, 'b'), port, registry: REGISTRY, program, ...OTHER, ...options });
  };
  beforeEach(async () => {
    dir = makeScratchDir();
    port = await freePort();
    clients = [];
    await start();
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const connect = async (username: string, options: mqtt.IClientOptions = {}) => {
    const ca = readFileSync(broker.certificates.caFile);
    const base = { username, clientId: username, password: key, protocolVersion: 5, reconnectPeriod: 0, ca } as const;
    const client = await mqtt.connectAsync(broker.url, { ...base, ...options }, false);
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  /** A client that hears from its first packet on. */
  const connectEarly = async (username: string, hear: (text: string) => void) => {
    const ca = readFileSync(broker.certificates.caFile);
    const base = { username, clientId: username, password: key, protocolVersion: 5, reconnectPeriod: 0, ca } as const;
    for (;;) {
      const client = mqtt.connect(broker.url, { ...base, ...SESSION });
      clients.push(client);
      client.on('message', (_, payload) => hear(payload.toString()));
      const outcome = await new Promise((resolve) => {
        client.once('connect', () => resolve('in'));
        client.once('error', () => resolve('out'));
      });
      if (outcome === 'in') return client;
    }
  };
  /** Connects as ingest does, and keeps what comes. */
  const ingest = async (options: mqtt.IClientOptions = {}) => {
    const client = await connect('svc-ingest', { ...SESSION, ...options });
    const received: Delivery[] = [];
    client.on('message', (topic, payload, { properties, retain }) => {
      const gate = properties?.userProperties?.gate ?? [];
      received.push({ topic, payload: payload.toString(), retain, stamps: [gate].flat() });
    });
    await client.subscribeAsync(FILTERS, { qos: 1 });
    return { client, received };
  };
  const log = () => readFileSync(broker.logFile, 'utf8');
  /** Signals the broker as a new certificate does, and waits until it has read its configuration again. */
  const reload = async () => {
    const times = () => log().split('Reloading config').length;
    const before = times();
    broker.child.kill('SIGHUP');
    while (times() === before) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  return {
    broker: () => broker,
    start,
    connect,
    connectEarly,
    ingest,
    log,
    reload,
    registryFile: () => join(dir, 'b/registry'),
    /** A folder beside the broker's. */
    folder: () => dir,
    stampKey: () => readFileSync(broker.stampKeyFile, 'utf8').trim(),
    running: () => broker.child.exitCode === null && broker.child.signalCode === null,
  };
}
