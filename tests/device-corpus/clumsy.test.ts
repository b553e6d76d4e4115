// Devices with clumsy settings, against the real gate, while no ingest is connected; then one run of the timer. What they sent is
// stored, or their tenant sees why not. And readings of every kind, by the timer and by a worker: each has the right time.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runOnce } from '../../functions/ingest/run.ts';
import { runWorker } from '../../functions/worker/worker.ts';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../support/keep-log.ts';

let rig: Lab;
type Six<T> = [T, T, T, T, T, T];
let quiet: LabDevice, large: LabDevice, astray: LabDevice, twice: LabDevice, huge: LabDevice, all: LabDevice;
const settings = () =>
  rig.settings('svc-ingest', { MQTT_GATE_KEY: readFileSync(rig.broker.stampKeyFile, 'utf8').trim() });
const run = () => runOnce(settings(), keepLog().log, never);

/** A reading of each kind that was acknowledged, and the earliest and the latest time that is right for it, in milliseconds since 1970. */
interface Sent {
  payload: object;
  from: number;
  to: number;
}
const sent: Sent[] = [];
const HOUR_MS = 3_600_000;

async function publishAll(takenBy: string): Promise<void> {
  for (const protocolVersion of [4, 5] as const) {
    const client = await all.connect({ protocolVersion });
    for (const qos of [0, 1] as const) {
      for (const hasTime of [false, true]) {
        const from = Date.now();
        const ts = from - HOUR_MS;
        const payload = { takenBy, protocolVersion, qos, ...(hasTime && { ts }) };
        await client.publishAsync(all.topic, JSON.stringify(payload), { qos });
        // Nothing acknowledges QoS 0 to its device.
        if (qos === 0) await client.publishAsync(all.topic.replace(/telemetry$/, 'reported'), '{}', { qos: 1 });
        sent.push({ payload, ...(hasTime ? { from: ts, to: ts } : { from, to: Date.now() }) });
      }
    }
    await client.endAsync();
  }
}

async function publishToWorker(): Promise<void> {
  const { log, lines } = keepLog();
  const stopping = new AbortController();
  const working = runWorker(settings(), log, stopping.signal);
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('connected to the broker'), WAIT);
  await publishAll('worker');
  await vi.waitFor(async () => expect(await rig.rows(all)).toHaveLength(sent.length), WAIT);
  stopping.abort();
  await working;
}
const WAIT = { timeout: 30_000, interval: 100 };

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
  rig = await startLab({ devices: 6 });
  [quiet, large, astray, twice, huge, all] = rig.devices as Six<LabDevice>;
  expect((await run()).outcome).toBe('idle');
  expect(await publish(quiet, quiet.topic, '{"n":1}', 0, 50)).toBe('acknowledged');
  expect(await publish(large, large.topic, `{"v":"${'x'.repeat(132_000)}"}`, 1)).toBe('acknowledged');
  expect(await publish(astray, astray.topic.replace(/telemetry$/, 'tele/SENSOR'), '{}', 1)).toBe('acknowledged');
  expect(await publish(twice, twice.topic, '{}', 2)).toBe('closed');
  expect(await publish(huge, huge.topic, 'x'.repeat(140_000), 1)).toBe('closed');
  await publishAll('timer');
  // The gate tells its counters once a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await run()).outcome).toBe('idle');
  await publishToWorker();
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

test('each acknowledged reading is there once with the right time: both versions and QoS, with and without ts, timer and worker', async () => {
  const { rows } = await rig.admin.query<{ payload: object; ms: number }>(
    'select payload, extract(epoch from ts)::float8 * 1000 as ms from public.telemetry where device_id = $1 order by received_at',
    [all.id],
  );
  expect(sent).toHaveLength(16);
  expect(rows).toHaveLength(sent.length);
  for (const { payload, from, to } of sent) {
    const found = rows.filter((row) => isDeepStrictEqual(row.payload, payload));
    expect(found.map(({ ms }) => ms >= from && ms <= to)).toEqual([true]);
  }
});
