// Records of the real Kafka become rows, each once, whatever dies or moves between the two.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KafkaWorker, type KafkaWorld, record, startWorld } from './world.ts';

const MESSAGES = Number(process.env.MQTT_SAAS_TEST_MESSAGES ?? 5000);
const TOPIC = 'telemetry';
const PARTITIONS = 4;

let world: KafkaWorld;
beforeEach(async () => {
  world = await startWorld();
  await world.kafka.makeTopic(TOPIC, PARTITIONS);
});
afterEach(() => world.stop());

/** Sends the readings in parts, `pauseMs` apart. */
async function send(from: number, to: number, pauseMs = 0): Promise<void> {
  const producer = world.producer({ idempotent: true });
  const { devices } = world.lab;
  for (let n = from; n < to; n += 100) {
    const numbers = Array.from({ length: Math.min(100, to - n) }, (_, index) => n + index);
    await producer.send({ messages: numbers.map((m) => record(TOPIC, devices[m % devices.length]!, m)) });
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

/** As long as the load takes, whatever its size: in parts of 100. */
const pauseFor = (seconds: number) => (seconds * 1000) / (MESSAGES / 100);

test('records are rows; what is not a reading is a dead letter; a worker that starts again reads nothing twice', async () => {
  const first = world.startWorker(TOPIC);
  await send(0, MESSAGES);
  const producer = world.producer();
  const device = world.lab.devices[0]!;
  await producer.send({
    messages: [
      { topic: TOPIC, key: 'tenants/acme/devices/nobody/telemetry', value: '{"n":1}' },
      { topic: TOPIC, key: device.topic, value: 'no JSON' },
      { topic: TOPIC, value: '{"n":1}' },
      { topic: TOPIC, key: device.topic, value: '[{"n":-1,"ts":1793491200},{"n":-2,"ts":1793491201}]' },
    ],
  });
  await world.expectRows(MESSAGES + 2);
  const reasons = async () =>
    (await world.lab.admin.query('select reason from public.dead_letters order by reason')).rows.map(
      (row) => row.reason,
    );
  await expect.poll(reasons).toEqual(['bad-topic', 'not-json', 'unknown-device']);
  await first.stop();
  world.startWorker(TOPIC);
  await send(MESSAGES, MESSAGES + 100);
  await world.expectRows(MESSAGES + 102);
  const { rows } = await world.lab.admin.query('select sum(duplicate)::int as repeated from public.ingest_ledger');
  expect(rows[0].repeated).toBe(0);
});

test('workers that are killed lose nothing, and double nothing', async () => {
  const sending = send(0, MESSAGES, pauseFor(20));
  let kills = 0;
  let isSent = false;
  void sending.finally(() => {
    isSent = true;
  });
  while (!isSent) {
    const worker = world.startWorker(TOPIC);
    await sleep(4000);
    worker.child.kill('SIGKILL');
    kills += 1;
  }
  await sending;
  world.startWorker(TOPIC);
  await world.expectRows(MESSAGES);
  expect(kills).toBeGreaterThan(2);
});

test('a rebalance every few seconds, as a second worker comes, goes and is killed', async () => {
  const steady = world.startWorker(TOPIC);
  const sending = send(0, MESSAGES, pauseFor(25));
  let isSent = false;
  void sending.finally(() => {
    isSent = true;
  });
  const others: KafkaWorker[] = [];
  while (!isSent) {
    const other = world.startWorker(TOPIC);
    others.push(other);
    // A rebalance when it joins, and one when it is gone.
    await expect.poll(() => other.said('joined the group')).toBeGreaterThan(0);
    await sleep(3000);
    if (others.length % 3 === 0) other.child.kill('SIGKILL');
    else await other.stop();
  }
  await sending;
  await world.expectRows(MESSAGES);
  expect(steady.child.exitCode).toBeNull();
  expect(others.filter((other) => other.said('batch committed') > 0).length).toBeGreaterThan(0);
});

test('of transactions, those that are committed are rows, and of those that are aborted nothing is', async () => {
  world.startWorker(TOPIC);
  const { devices } = world.lab;
  const producer = world.producer({ idempotent: true, transactionalId: 'devices' });
  for (let n = 0; n < MESSAGES; n += 50) {
    const transaction = async (isAborted: boolean) => {
      const open = await producer.beginTransaction();
      await open.send({
        messages: Array.from({ length: 50 }, (_, index) => {
          const device = devices[index % devices.length]!;
          return isAborted
            ? { topic: TOPIC, key: device.topic, value: `{"n":${n + index},"aborted":true}` }
            : record(TOPIC, device, n + index);
        }),
      });
      await (isAborted ? open.abort() : open.commit());
    };
    await transaction(true);
    if (n % 100 === 0) await transaction(true);
    await transaction(false);
  }
  await world.expectRows(MESSAGES);
});

test('a Kafka that is killed and starts again is waited for', async () => {
  const worker = world.startWorker(TOPIC);
  const half = Math.floor(MESSAGES / 200) * 100;
  await send(0, half);
  await world.restartKafka();
  await send(half, MESSAGES);
  await world.expectRows(MESSAGES);
  expect(worker.child.exitCode).toBeNull();
});
