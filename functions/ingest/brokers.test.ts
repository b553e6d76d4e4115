// A broker and its standby: both are drained at the same time, each under a lease of its own, into the same table.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectTo } from '../../lab/devices.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { Mosquitto } from '../../lab/mosquitto.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { startSecondBroker } from '../../tests/support/second-broker.ts';
import { runWorker } from '../worker/worker.ts';
import { ingestOnTimer } from './on-timer.ts';

let lab: Lab;
let standby: Mosquitto;
beforeAll(async () => {
  lab = await startLab({ devices: 1 });
  standby = await startSecondBroker(lab);
});
afterAll(async () => {
  await standby.stop();
  await lab.stop();
});

const environment = (more: Record<string, string> = {}) =>
  lab.env('mqtt-ingest-lab', {
    MQTT_GATE_KEY: readFileSync(lab.broker.stampKeyFile, 'utf8').trim(),
    MQTT_INGEST_URLS: `${lab.broker.url} ${standby.url}`,
    ...more,
  });
const quiet = { log() {}, info() {}, debug() {}, warn() {}, error() {}, trace() {} };
const onTimer = (more?: Record<string, string>) => ingestOnTimer(quiet as never, environment(more));

async function publish(broker: Mosquitto, payload: string): Promise<void> {
  const { username, key, topic } = lab.devices[0]!;
  const client = await connectTo(broker, username, key, { clientId: username });
  await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
}
const stored = async () => (await lab.rows(lab.devices[0]!)).map(({ payload }) => (payload as { n: number }).n).sort();

test('a run drains both, and each of them has a lease', async () => {
  expect(await onTimer()).toMatchObject({ outcome: 'idle' });
  await publish(lab.broker, '{"n":1}');
  await publish(standby, '{"n":2}');
  await onTimer();
  expect(await stored()).toEqual([1, 2]);
  const { rows } = await lab.admin.query(
    "select name from ingest.leases where name like 'mqtt-ingest-lab%' order by 1",
  );
  expect(rows.map(({ name }) => name)).toEqual(['mqtt-ingest-lab', 'mqtt-ingest-lab-standby']);
});

test('a dead one fails its own run by name, and neither keeps the other’s readings nor the health page waiting', async () => {
  const dead = { MQTT_INGEST_URLS: `mqtts://127.0.0.1:1 ${standby.url}`, INGEST_TIME_GUARD_MS: '4000' };
  await publish(standby, '{"n":3}');
  await expect(onTimer(dead)).rejects.toThrow('mqtt_ingest ended at 127.0.0.1 as broker-unavailable');
  expect(await stored()).toEqual([1, 2, 3]);
  const late = "select late_at < clock_timestamp() as late from ingest.beats where part = 'ingest'";
  expect((await lab.admin.query(late)).rows).toEqual([{ late: false }]);
  // Alone, it would be all that there is.
  await expect(onTimer({ ...dead, MQTT_INGEST_URLS: '', MQTT_BROKER_URL: 'mqtts://127.0.0.1:1' })).rejects.toThrow();
  expect((await lab.admin.query(late)).rows).toEqual([{ late: true }]);
});

test('a worker drains both, and does the periodic jobs once', async () => {
  const { log, lines } = keepLog();
  const { readIngestSettings } = await import('../settings/ingest.ts');
  const ending = new AbortController();
  const running = runWorker(readIngestSettings(environment()), log, ending.signal);
  onTestFinished(async () => {
    ending.abort();
    await running;
  });
  await expect.poll(() => lines.filter(({ msg }) => msg === 'lease acquired')).toHaveLength(2);
  await publish(lab.broker, '{"n":4}');
  await publish(standby, '{"n":5}');
  await expect.poll(stored).toEqual([1, 2, 3, 4, 5]);
});
