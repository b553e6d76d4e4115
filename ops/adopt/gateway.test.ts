// The gateway of docs/adoption.md, as it is written there: an old device publishes in plain text on its own network, under its old
// name and topic, and the platform receives it over TLS as that device.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { findMosquitto, type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';

const PAGE = readFileSync(join(ROOT, 'docs/adoption.md'), 'utf8');
const EXAMPLE = /```\n(persistence true\n[\s\S]*?)```/.exec(PAGE)?.[1] ?? '';

const dir = makeScratchDir();
let broker: Mosquitto | undefined;
let gateway: ChildProcess | undefined;
let ingest: mqtt.MqttClient | undefined;
afterEach(async () => {
  if (gateway && gateway.exitCode === null) {
    const ended = once(gateway, 'exit');
    // Not TERM: one that comes while Mosquitto still starts is forgotten by it.
    gateway.kill('SIGKILL');
    await ended;
  }
  await ingest?.endAsync(true);
  await broker?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Puts this test's places in the example's. @throws Error when one is not in it. */
function fill(changes: Record<string, string>): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`docs/adoption.md does not say ${from}`);
    return text.replace(from, to);
  }, EXAMPLE);
}

it('lets an old device through, and only as itself', async () => {
  const keys = { device: generateKey(), ingest: generateKey() };
  const [brokerPort, port] = [await freePort(), await freePort()];
  broker = await startMosquitto({
    dir: join(dir, 'broker'),
    port: brokerPort,
    registry: [
      { kind: 'device', tenant: 'acme', device: 'sensor-1', passwordHash: await hashKey(keys.device) },
      { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash: await hashKey(keys.ingest) },
    ],
  });
  const passwords = join(dir, 'old-passwords');
  const made = spawnSync(join(findMosquitto(), '../../bin/mosquitto_passwd'), ['-b', '-c', passwords, 'admin', 'old']);
  expect(made.status).toBe(0);
  const file = join(dir, 'gateway.conf');
  const config = fill({
    '/var/lib/mosquitto/': `${dir}/`,
    'listener 1883': `listener ${port} 127.0.0.1`,
    '/etc/mosquitto/old-passwords': passwords,
    'mqtt.example.com:8883': `localhost:${brokerPort}`,
    '/etc/mosquitto/ca.crt': broker.certificates.caFile,
    'KEY-OF-SENSOR-1': keys.device,
  });
  // Started by root it would become another user, who may not read this folder.
  writeFileSync(file, `${process.getuid?.() === 0 ? 'user root\n' : ''}${config}`, { mode: 0o600 });

  ingest = await mqtt.connectAsync(broker.url, {
    username: 'svc-ingest',
    password: keys.ingest,
    protocolVersion: 5,
    ca: readFileSync(broker.certificates.caFile),
  });
  const received: string[] = [];
  ingest.on('message', (topic, payload) => received.push(`${topic} ${payload}`));
  await ingest.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });

  const log = openSync(join(dir, 'gateway.log'), 'w');
  gateway = spawn(findMosquitto(), ['-c', file], { stdio: ['ignore', log, log] });
  closeSync(log);
  await expect
    .poll(() => readFileSync(join(dir, 'gateway.log'), 'utf8'), { timeout: 30_000 })
    .toMatch(/mosquitto version \S+ running/);
  const old = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    username: 'admin',
    password: 'old',
    protocolVersion: 4,
  });
  await old.publishAsync('sensors/sensor-2/telemetry', '{"t":2}', { qos: 1 });
  await old.publishAsync('sensors/sensor-1/telemetry', '{"t":1}', { qos: 1 });
  await expect.poll(() => received, { timeout: 30_000 }).toEqual(['tenants/acme/devices/sensor-1/telemetry {"t":1}']);
  await old.endAsync();
});
