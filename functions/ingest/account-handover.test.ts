// Ingest moves from one broker account to the next while devices publish: each account has a queue of its own on the broker.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { keepTopic } from '../../provisioning/database/former-topics.ts';
import { upsertServiceAccount } from '../../provisioning/database/registry.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { createStamper, withoutStamps } from '../../tests/support/stamps.ts';
import { type RunResult, runOnce } from './run.ts';

const [OLD, NEW] = ['svc-ingest', 'svc-ingest-2'] as const;
/** The device keeps it from before the platform: every other reading comes there. */
const FORMER = 'devices/pump';
let lab: Lab;
let device: mqtt.MqttClient;
let published = 0;
const stamper = createStamper();

beforeAll(async () => {
  lab = await startLab({ devices: [{ tenant: 'acme', device: 'pump' }], broker: { configure: withoutStamps } });
  await keepTopic(lab.admin, { tenant: 'acme', device: 'pump', topic: FORMER, until: '2099-01-01' });
  await upsertServiceAccount(lab.admin, { username: NEW, purpose: 'ingest', key: lab.serviceKey });
  await lab.startBroker();
  device = await lab.devices[0]!.connect();
});
afterAll(async () => {
  await device?.endAsync(true);
  await lab?.stop();
});

/** Of a run with this account, taking over from `previous`. The lease, and so the client id, stays. */
const settingsOf = (username: string, previous?: string, more: Record<string, string> = {}) =>
  lab.settings('handover', {
    MQTT_BROKER_USERNAME: username,
    ...(previous && { MQTT_BROKER_PREVIOUS_USERNAME: previous, MQTT_BROKER_PREVIOUS_PASSWORD: lab.serviceKey }),
    INGEST_TIME_GUARD_MS: '30000',
    MQTT_GATE_KEY: stamper.key,
    ...more,
  });

const run = (...args: Parameters<typeof settingsOf>): Promise<RunResult> =>
  runOnce(settingsOf(...args), keepLog().log, never);

/** Publishes readings that only their stamp names: no id, no time. One that waits in both queues has one stamp. */
async function publish(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    published += 1;
    const topic = published % 2 ? lab.devices[0]!.topic : `${FORMER}/telemetry`;
    await device.publishAsync(topic, JSON.stringify({ n: published }), {
      qos: 1,
      properties: stamper.properties(topic),
    });
  }
}

async function stored(): Promise<number[]> {
  const { rows } = await lab.admin.query<{ n: number }>(
    "select (payload ->> 'n')::int as n from public.telemetry order by 1",
  );
  return rows.map(({ n }) => n);
}

const all = () => Array.from({ length: published }, (_, index) => index + 1);

test('to the next account, back, and forth again: each reading is one row', { timeout: 60_000 }, async () => {
  await run(OLD);
  await publish(20);
  // Both are subscribed from here on; the old session holds 20 that the new one never saw.
  expect(await run(NEW, OLD)).toMatchObject({ outcome: 'idle', stored: 20 });
  await publish(10);
  expect(await run(NEW, OLD)).toMatchObject({ outcome: 'idle', stored: 10, duplicate: 0 });
  await publish(10);
  expect(await run(OLD, NEW)).toMatchObject({ outcome: 'idle', stored: 10, duplicate: 0 });
  await publish(10);
  expect(await run(NEW, OLD)).toMatchObject({ outcome: 'idle', stored: 10, duplicate: 0 });
  expect(await stored()).toEqual(all());
});

test('while a device publishes all the time', { timeout: 60_000 }, async () => {
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      await publish(2);
      await sleep(10);
    }
  })();
  for (const [to, from] of [
    [OLD, NEW],
    [NEW, OLD],
    [OLD, NEW],
  ] as const) {
    expect(await run(to, from, { INGEST_BATCH_CAP: '300' })).toMatchObject({ outcome: 'cap' });
  }
  isOver = true;
  await load;
  await run(OLD, NEW);
  expect(await run(OLD)).toMatchObject({ outcome: 'idle' });
  expect(await stored()).toEqual(all());
});

test('what one run does not get to, the next one does', { timeout: 60_000 }, async () => {
  await publish(30);
  expect(await run(NEW, OLD, { INGEST_BATCH_CAP: '10' })).toMatchObject({ outcome: 'cap', stored: 10 });
  await publish(5);
  expect(await run(NEW, OLD, { INGEST_BATCH_CAP: '10' })).toMatchObject({ outcome: 'cap', stored: 10 });
  for (let n = 0; n < 3; n += 1) await run(NEW, OLD, { INGEST_BATCH_CAP: '10' });
  expect(await stored()).toEqual(all());
});

test('a run that is stopped does not wait for a broker that never confirms the subscription', async () => {
  const stopping = new AbortController();
  const mute = createServer((socket) => {
    const packets = parser({ protocolVersion: 5 });
    socket.on('data', (chunk) => packets.parse(chunk)).on('error', () => {});
    packets.on('packet', ({ cmd }) => {
      const send = (packet: Packet) => socket.write(generate(packet, { protocolVersion: 5 }));
      if (cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
      if (cmd === 'pingreq') send({ cmd: 'pingresp' });
      if (cmd === 'subscribe') stopping.abort();
    });
  });
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const settings = settingsOf(NEW, OLD, {
    MQTT_BROKER_URL: `mqtt://127.0.0.1:${(mute.address() as AddressInfo).port}`,
  });
  expect(await runOnce(settings, keepLog().log, stopping.signal)).toMatchObject({ outcome: 'stopped' });
  mute.close();
});

test('an account that is refused stops the run and loses nothing', { timeout: 60_000 }, async () => {
  await publish(3);
  expect(await run('svc-ingest-3', NEW, { INGEST_TIME_GUARD_MS: '2000' })).toMatchObject({
    outcome: 'broker-unavailable',
  });
  expect(await run(NEW)).toMatchObject({ outcome: 'idle', stored: 3 });
  expect(await stored()).toEqual(all());
});
