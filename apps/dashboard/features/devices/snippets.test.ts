// What the dashboard hands to a device's maker really publishes, and acknowledges a command, with a key whose hash was made as the browser makes it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ensurePythonTools } from '../../../../bootstrap/python-tools.ts';
import { ROOT } from '../../../../bootstrap/root.mjs';
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { REPORT_FILTERS, TELEMETRY_FILTER } from '../../../../domain/topics.ts';
import { type Mosquitto, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { makeScratchDir } from '../../../../lab/unprivileged.ts';
import { accessFor, type DeviceAccess, qrText } from './access.ts';
import {
  arduinoSketch,
  homeAssistantConfig,
  KEY_PLACEHOLDER,
  mosquittoCommand,
  mosquittoReceive,
  mosquittoSettings,
  nodeProgram,
  nodeRedFlow,
  pythonProgram,
  settingsName,
  telegrafConfig,
  windowsCommands,
} from './snippets.ts';

const run = promisify(execFile);
const servicesKey = generateKey();
const CONTROL = 'svc-control';
const NODE_RED = 'node-red@4.1.15';
const OWN = 'tenants/acme/devices/probe';
let dir: string;
let folder: string;
let broker: Mosquitto;
let access: DeviceAccess;
let ingest: mqtt.MqttClient;
let control: mqtt.MqttClient;
let received: string[] = [];

beforeAll(async () => {
  dir = makeScratchDir();
  folder = join(dir, 'maker');
  mkdirSync(folder);
  const key = generateKey();
  const passwordHash = await hashKey(servicesKey);
  broker = await startMosquitto({
    dir: join(dir, 'broker'),
    port: await freePort(),
    registry: [
      { kind: 'device', tenant: 'acme', device: 'probe', passwordHash: await hashKey(key) },
      { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash },
      { kind: 'service', username: CONTROL, purpose: 'control', passwordHash },
    ],
  });
  access = accessFor('acme', 'probe', key, { host: '127.0.0.1', port: broker.port, hasPrivateCa: true });
  copyFileSync(broker.certificates.caFile, join(folder, 'ca.pem'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const connect = (username: string) =>
    mqtt.connectAsync(broker.url, {
      username,
      clientId: username,
      password: servicesKey,
      protocolVersion: 5,
      ca: readFileSync(broker.certificates.caFile),
    });
  [ingest, control] = [await connect('svc-ingest'), await connect(CONTROL)];
  ingest.on('message', (topic, payload) => received.push(`${topic} ${payload}`));
  await ingest.subscribeAsync([TELEMETRY_FILTER, ...REPORT_FILTERS], { qos: 1 });
});
beforeEach(() => {
  received = [];
});
afterAll(async () => {
  await Promise.all([ingest?.endAsync(), control?.endAsync()]);
  await broker?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const arrives = () =>
  expect
    .poll(() => received.filter((message) => message.startsWith(`${OWN}/telemetry`)), { timeout: 90_000 })
    .toEqual([expect.stringMatching(/^tenants\/acme\/devices\/probe\/telemetry \{.*"temperature": ?21\.5\}$/)]);

/** Sends a command until it is acknowledged: a session may not be there yet. */
async function isAcknowledged() {
  received = [];
  await expect
    .poll(
      async () => {
        await control.publishAsync(`${OWN}/commands/4-2`, '{"interval": 60}', { qos: 1 });
        return received[0]?.replaceAll(' ', '');
      },
      { interval: 300, timeout: 90_000 },
    )
    .toBe(`${OWN}/acks{"id":"4-2","result":"done"}`);
}

/** Runs a program until it has published and acknowledged a command. */
async function publishesAndAcknowledges(program: string, ...args: string[]) {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, MQTT_KEY: access.key },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await arrives();
    await isAcknowledged();
  } finally {
    child.kill();
  }
}

/** Node-RED below .local/, as ensurePythonTools() has Python's: no dependency of the product. @returns its folder. */
function installNodeRed(): string {
  const folder = join(ROOT, '.local/.tools', NODE_RED);
  if (!existsSync(join(folder, 'installed'))) {
    mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', NODE_RED]);
    writeFileSync(join(folder, 'installed'), '');
  }
  return folder;
}

test('mosquitto_pub publishes with the settings file, mosquitto_sub receives, and no command line holds the key', async () => {
  writeFileSync(join(folder, settingsName(access)), mosquittoSettings(access), { mode: 0o600 });
  for (const text of [mosquittoCommand(access), mosquittoReceive(access), windowsCommands(access)])
    expect(text).not.toContain(access.key);
  await run('sh', ['-c', mosquittoCommand(access)], { cwd: folder });
  await arrives();
  const receiving = run('sh', ['-c', mosquittoReceive(access)], { cwd: folder });
  await isAcknowledged();
  expect((await receiving).stdout).toBe(`${OWN}/commands/4-2 {"interval": 60}\n`);
});

test('a wrong key is refused', async () => {
  const wrong = { ...access, key: generateKey() };
  writeFileSync(join(folder, settingsName(wrong)), mosquittoSettings(wrong), { mode: 0o600 });
  await expect(run('sh', ['-c', mosquittoCommand(wrong)], { cwd: folder })).rejects.toThrow(/not authori[sz]ed/i);
});

test('the Node.js program publishes and acknowledges a command, with the key in its environment', async () => {
  const program = nodeProgram(access);
  expect(program).not.toContain(access.key);
  writeFileSync(join(folder, 'device.mjs'), program);
  await publishesAndAcknowledges(process.execPath, 'device.mjs');
});

test('the Python program publishes and acknowledges a command, with the key in its environment', async () => {
  const program = pythonProgram(access);
  expect(program).not.toContain(access.key);
  await publishesAndAcknowledges(join(ensurePythonTools('tests/device-page/packages.txt'), 'python'), '-c', program);
  await run('/usr/bin/python3', [
    '-c',
    'import ast, sys; ast.parse(sys.argv[1])',
    pythonProgram({ ...access, hasPrivateCa: false }),
  ]);
});

test('the sketch compiles without a warning, with either certificate', async () => {
  const headers = join(ROOT, 'tests/device-page/esp-idf');
  const flags = ['-std=gnu++17', '-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-fsyntax-only'];
  for (const hasPrivateCa of [true, false]) {
    writeFileSync(join(folder, 'sketch.cpp'), arduinoSketch({ ...access, hasPrivateCa }));
    await run('c++', [...flags, '-I', headers, 'sketch.cpp'], { cwd: folder });
  }
});

test('Node-RED publishes and acknowledges a command with the flow', async () => {
  const home = join(folder, 'node-red');
  mkdirSync(home);
  writeFileSync(join(home, 'flows.json'), nodeRedFlow(access));
  // What a person enters in the broker's node.
  const credentials = { 'acme.probe-broker': { user: access.username, password: access.key } };
  writeFileSync(join(home, 'flows_cred.json'), JSON.stringify(credentials), { mode: 0o600 });
  writeFileSync(
    join(home, 'settings.js'),
    'module.exports = { credentialSecret: false, disableEditor: true, httpAdminRoot: false, httpNodeRoot: false };\n',
  );
  const red = join(installNodeRed(), 'node_modules/node-red/red.js');
  await publishesAndAcknowledges(process.execPath, red, '--userDir', home, join(home, 'flows.json'));
});

test('Node-RED’s flow has one connection, whose nodes use the device’s topics and wire what they name', () => {
  const nodes = JSON.parse(nodeRedFlow(access)) as {
    id: string;
    type: string;
    topic?: string;
    func?: string;
    wires?: string[][];
  }[];
  const ids = new Set(nodes.map(({ id }) => id));
  expect(nodes.filter(({ type }) => type === 'mqtt-broker')).toHaveLength(1);
  for (const wired of nodes.flatMap(({ wires }) => wires?.flat() ?? [])) expect(ids).toContain(wired);
  expect(nodes.find(({ id }) => id.endsWith('publish'))!.topic).toBe(access.topic);
  const acknowledge = new Function('msg', nodes.find(({ id }) => id.endsWith('acknowledge'))!.func!);
  expect(acknowledge({ topic: `${OWN}/commands/4-2` })).toEqual({
    topic: `${OWN}/acks`,
    payload: { id: '4-2', result: 'done' },
  });
});

test('only what a program cannot do without has the key in it', () => {
  for (const text of [telegrafConfig(access), nodeRedFlow(access), homeAssistantConfig(access)]) {
    expect(text).not.toContain(access.key);
    expect(text).toContain(OWN);
  }
  expect(mosquittoSettings({ ...access, key: KEY_PLACEHOLDER })).toContain(`-P ${KEY_PLACEHOLDER}\n`);
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
  for (const text of [
    nodeProgram(open),
    pythonProgram(open),
    telegrafConfig(open),
    nodeRedFlow(open),
    arduinoSketch(open),
  ])
    expect(text).not.toContain('ca.pem');
});
