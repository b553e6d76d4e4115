import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateKey, hashKey } from '../domain/credentials.ts';
import { telemetryTopic } from '../domain/topics.ts';
import type { RegistryEntry } from '../provisioning/broker/registry.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';
import { freePort } from './ports.ts';
import { makeScratchDir } from './unprivileged.ts';

let dir: string;
let broker: Mosquitto | undefined;
const keys = { device: generateKey(), ingest: generateKey() };

async function registry(): Promise<RegistryEntry[]> {
  return [
    { kind: 'device', tenant: 'acme', device: 'pump-1', passwordHash: await hashKey(keys.device) },
    { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash: await hashKey(keys.ingest) },
  ];
}

const connect = (username: string, password: string, options: mqtt.IClientOptions = {}) =>
  mqtt.connectAsync(
    broker!.url,
    {
      username,
      password,
      protocolVersion: 5,
      ca: readFileSync(broker!.certificates.caFile),
      reconnectPeriod: 0,
      ...options,
    },
    false,
  );

beforeEach(() => {
  dir = makeScratchDir();
});
afterEach(async () => {
  await broker?.stop();
  broker = undefined;
  rmSync(dir, { recursive: true, force: true });
});

test('a device publishes over strict TLS and the ingest account receives it', async () => {
  broker = await startMosquitto({ dir: join(dir, 'b'), port: await freePort(), registry: await registry() });
  const ingest = await connect('svc-ingest', keys.ingest);
  const received: string[] = [];
  ingest.on('message', (topic) => received.push(topic));
  await ingest.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
  const device = await connect('acme.pump-1', keys.device);
  await device.publishAsync(telemetryTopic('acme', 'pump-1'), '{"t":1}', { qos: 1 });
  await expect.poll(() => received).toEqual(['tenants/acme/devices/pump-1/telemetry']);
  await Promise.all([ingest.endAsync(), device.endAsync()]);
});

test('a registry change is in force after sync: removed devices are refused and cut, unchanged files do nothing', async () => {
  const entries = await registry();
  broker = await startMosquitto({ dir: join(dir, 'b'), port: await freePort(), registry: entries });
  const device = await connect('acme.pump-1', keys.device);
  expect(broker.sync(entries)).toBe(false);
  const cut = new Promise<void>((resolve) => device.once('close', () => resolve()));
  expect(broker.sync(entries.slice(1))).toBe(true);
  await cut;
  await expect(connect('acme.pump-1', keys.device)).rejects.toThrow(/Not authorized/);
});

test('a queued message survives a restart and, once saved, a kill', async () => {
  const port = await freePort();
  const options = { dir: join(dir, 'b'), port, registry: await registry() };
  broker = await startMosquitto(options);
  const session = { clientId: 'svc-ingest', clean: false, properties: { sessionExpiryInterval: 3600 } };
  const ingest = await connect('svc-ingest', keys.ingest, session);
  await ingest.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
  await ingest.endAsync();
  const device = await connect('acme.pump-1', keys.device);
  await device.publishAsync(telemetryTopic('acme', 'pump-1'), '{"n":1}', { qos: 1 });
  await device.endAsync();
  await broker.save();
  await broker.kill();
  broker = await startMosquitto(options);
  await broker.stop();
  broker = await startMosquitto(options);
  const received: string[] = [];
  const back = mqtt.connect(broker.url, {
    username: 'svc-ingest',
    password: keys.ingest,
    protocolVersion: 5,
    ca: readFileSync(broker.certificates.caFile),
    ...session,
  });
  back.on('message', (_, payload) => received.push(payload.toString()));
  await expect.poll(() => received).toEqual(['{"n":1}']);
  await sleep(50);
  await back.endAsync();
});

test('after a restart a registry change waits for ingest, so nothing that is published meanwhile is lost', async () => {
  const entries = await registry();
  const options = { dir: join(dir, 'b'), port: await freePort(), registry: entries };
  const session = { clientId: 'svc-ingest', clean: false, properties: { sessionExpiryInterval: 3600 } };
  broker = await startMosquitto(options);
  const ingest = await connect('svc-ingest', keys.ingest, session);
  await ingest.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
  await ingest.endAsync();
  await broker.stop();
  broker = await startMosquitto(options);

  const more: RegistryEntry[] = [{ kind: 'device', tenant: 'acme', device: 'new', passwordHash: await hashKey('n') }];
  expect(broker.sync([...entries, ...more])).toBe(true);
  await sleep(300);
  const device = await connect('acme.pump-1', keys.device);
  await device.publishAsync(telemetryTopic('acme', 'pump-1'), '{"n":1}', { qos: 1 });
  await device.endAsync();
  const received: string[] = [];
  const back = mqtt.connect(broker.url, {
    username: 'svc-ingest',
    password: keys.ingest,
    protocolVersion: 5,
    ...session,
    ca: readFileSync(broker.certificates.caFile),
  });
  back.on('message', (_, payload) => received.push(payload.toString()));
  await expect.poll(() => received).toEqual(['{"n":1}']);

  broker.sync([...entries, ...more]);
  await expect.poll(() => connect('acme.new', 'n').then((client) => client.endAsync(), String)).toBeUndefined();
  await back.endAsync();
});

test('a taken port and a configuration the broker refuses are clear errors', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await expect(startMosquitto({ dir: join(dir, 'b'), port, registry: [] })).rejects.toThrow(
    `port ${port} on 127.0.0.1 is taken`,
  );
  other.close();
  const configure = (text: string) => `${text}\nno_such_setting true\n`;
  await expect(
    startMosquitto({ dir: join(dir, 'c'), port: await freePort(), registry: [], configure }),
  ).rejects.toThrow(/log \(.*mosquitto\.log\) ends with:[\s\S]*no_such_setting/);
});
