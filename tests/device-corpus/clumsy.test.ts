// Devices with clumsy settings, against the real gate, while no ingest is connected; then one run of the timer. What they sent is
// stored, or their tenant sees why not.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runOnce } from '../../functions/ingest/run.ts';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../support/keep-log.ts';

let rig: Lab;
let quiet: LabDevice, large: LabDevice, astray: LabDevice, twice: LabDevice, huge: LabDevice;
const run = () =>
  runOnce(
    rig.settings('svc-ingest', { MQTT_GATE_KEY: readFileSync(rig.broker.stampKeyFile, 'utf8').trim() }),
    keepLog().log,
    never,
  );

/** Publishes by MQTT 3.1.1. Resolves when it is acknowledged, or the broker has ended the connection. */
async function publish(device: LabDevice, topic: string, payload: string, qos: 0 | 1 | 2, times = 1) {
  // 0: no keep-alive.
  const client = await device.connect({ protocolVersion: 4, keepalive: 0, reconnectPeriod: 0 });
  const ended = new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')));
  const sent = Array.from({ length: times }, () => client.publishAsync(topic, payload, { qos }));
  const outcome = await Promise.race([Promise.all(sent).then(() => 'acknowledged' as const), ended]);
  await client.endAsync(outcome === 'closed');
  return outcome;
}

beforeAll(async () => {
  rig = await startLab({ devices: 5 });
  [quiet, large, astray, twice, huge] = rig.devices as [LabDevice, LabDevice, LabDevice, LabDevice, LabDevice];
  expect((await run()).outcome).toBe('idle');
  expect(await publish(quiet, quiet.topic, '{"n":1}', 0, 50)).toBe('acknowledged');
  expect(await publish(large, large.topic, `{"v":"${'x'.repeat(132_000)}"}`, 1)).toBe('acknowledged');
  expect(await publish(astray, astray.topic.replace(/telemetry$/, 'tele/SENSOR'), '{}', 1)).toBe('acknowledged');
  expect(await publish(twice, twice.topic, '{}', 2)).toBe('closed');
  expect(await publish(huge, huge.topic, 'x'.repeat(140_000), 1)).toBe('closed');
  // The gate tells its counters once a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await run()).outcome).toBe('idle');
}, 60_000);
afterAll(() => rig.stop());

test('QoS 0 waits for the run, each of equal messages is a row, and keep-alive 0 is taken', async () => {
  expect((await rig.rows(quiet)).map(({ payload }) => payload)).toEqual(Array(50).fill({ n: 1 }));
});

test.each([
  ['a payload that is too large', () => large, 'too-large'],
  ['a topic that is not a channel', () => astray, 'wrong-topic'],
])('%s is a dead letter of its device', async (_, device, reason) => {
  const { rows } = await rig.admin.query('select reason from public.dead_letters where device_id = $1', [device().id]);
  expect(rows).toEqual([{ reason }]);
});

test.each([
  ['QoS 2', () => twice],
  ['a packet that is too large', () => huge],
])('%s ends the connection, and is the last refusal of its device', async (_, device) => {
  const { rows } = await rig.admin.query('select reason from public.device_refusals where device_id = $1', [
    device().id,
  ]);
  expect(rows).toEqual([{ reason: 'fruitless' }]);
});
