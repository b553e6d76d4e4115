// What the dashboard hands to a device's maker really publishes, with a key whose hash was made as the browser makes it.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { TELEMETRY_FILTER } from '../../../../domain/topics.ts';
import { type Mosquitto, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { makeScratchDir } from '../../../../lab/unprivileged.ts';
import {
  accessFor,
  type DeviceAccess,
  mosquittoCommand,
  mosquittoSettings,
  nodeProgram,
  pythonProgram,
  qrText,
} from './access.ts';

const run = promisify(execFile);
const ingestKey = generateKey();
let dir: string;
let folder: string;
let broker: Mosquitto;
let access: DeviceAccess;
let ingest: mqtt.MqttClient;
let received: string[] = [];

beforeAll(async () => {
  dir = makeScratchDir();
  folder = join(dir, 'maker');
  mkdirSync(folder);
  const key = generateKey();
  broker = await startMosquitto({
    dir: join(dir, 'broker'),
    port: await freePort(),
    registry: [
      { kind: 'device', tenant: 'acme', device: 'probe', passwordHash: await hashKey(key) },
      { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash: await hashKey(ingestKey) },
    ],
  });
  access = accessFor('acme', 'probe', key, { host: '127.0.0.1', port: broker.port, hasPrivateCa: true });
  copyFileSync(broker.certificates.caFile, join(folder, 'ca.pem'));
  symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(folder, 'node_modules'));
  ingest = await mqtt.connectAsync(broker.url, {
    username: 'svc-ingest',
    password: ingestKey,
    protocolVersion: 5,
    ca: readFileSync(broker.certificates.caFile),
  });
  ingest.on('message', (topic, payload) => received.push(`${topic} ${payload}`));
  await ingest.subscribeAsync(TELEMETRY_FILTER, { qos: 1 });
});
beforeEach(() => {
  received = [];
});
afterAll(async () => {
  await ingest?.endAsync();
  await broker?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const arrives = () =>
  expect
    .poll(() => received)
    .toEqual([expect.stringMatching(/^tenants\/acme\/devices\/probe\/telemetry \{.*"temperature": ?21\.5\}$/)]);

test('mosquitto_pub publishes with the settings file, and its command line holds no key', async () => {
  writeFileSync(join(folder, 'mosquitto_pub'), mosquittoSettings(access), { mode: 0o600 });
  expect(mosquittoCommand(access)).not.toContain(access.key);
  await run('sh', ['-c', mosquittoCommand(access)], { cwd: folder });
  await arrives();
});

test('a wrong key is refused', async () => {
  const wrong = { ...access, key: generateKey() };
  writeFileSync(join(folder, 'mosquitto_pub'), mosquittoSettings(wrong), { mode: 0o600 });
  await expect(run('sh', ['-c', mosquittoCommand(wrong)], { cwd: folder })).rejects.toThrow(/not authori[sz]ed/i);
});

test('the Node.js program publishes, with the key in its environment', async () => {
  const program = nodeProgram(access);
  expect(program).not.toContain(access.key);
  writeFileSync(join(folder, 'publish.mjs'), program);
  await run(process.execPath, ['publish.mjs'], { cwd: folder, env: { ...process.env, MQTT_KEY: access.key } });
  await arrives();
});

test('the Python program is Python, and holds no key', async () => {
  for (const hasPrivateCa of [true, false]) {
    const program = pythonProgram({ ...access, hasPrivateCa });
    expect(program).not.toContain(access.key);
    await run('/usr/bin/python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', program]);
  }
});

test('the QR code holds all that a device needs', () => {
  expect(JSON.parse(qrText(access))).toEqual({
    url: broker.url,
    username: 'acme.probe',
    password: access.key,
    topic: 'tenants/acme/devices/probe/telemetry',
  });
});

test('a public certificate needs no CA file', () => {
  const open = { ...access, hasPrivateCa: false };
  expect(mosquittoSettings(open)).toContain('--tls-use-os-certs');
  expect(nodeProgram(open)).not.toContain('ca.pem');
});
