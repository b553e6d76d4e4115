// What ingest tells the broker's gate: a worker that keeps up makes room, and one that does not has the queue refuse.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runWorker } from '../worker/worker.ts';
import { runOnce } from './run.ts';

const ROOM = 63;
let rig: Lab;
let database: TcpProxy;
beforeAll(async () => {
  rig = await startLab({ devices: 1, broker: { config: { maxQueuedMessages: ROOM + 1 } } });
  database = await startProxy(rig.postgres.port);
});
afterAll(async () => {
  await database.stop();
  await rig.stop();
});

test('many times what a queue holds passes through one connection, and an outage of the database refuses', async () => {
  const device = rig.devices[0]!;
  const url = new URL(rig.env('svc-ingest').EXTERNAL_DATABASE_CONNECTION_STRING!);
  url.port = String(database.port);
  const settings = rig.settings('svc-ingest', {
    EXTERNAL_DATABASE_CONNECTION_STRING: url.href,
    MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile,
  });
  await runOnce(settings, keepLog().log, never);
  const stopping = new AbortController();
  const { log, lines } = keepLog();
  const ended = runWorker(settings, log, stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await ended;
  });
  const client = await device.connect();
  onTestFinished(() => client.endAsync(true));
  let acknowledged = 0;
  /** Publishes until it is refused, at most `most`. How many were acknowledged. */
  const publish = async (most: number) => {
    for (let count = 0; count < most; count += 1) {
      const refused = await client.publishAsync(device.topic, `{"n":${acknowledged}}`, { qos: 1 }).then(
        () => false,
        () => true,
      );
      if (refused) return count;
      acknowledged += 1;
    }
    return most;
  };
  const stored = async () => (await rig.rows(device)).length;

  for (let n = 0; n < 8; n += 1) {
    expect(await publish(ROOM / 3)).toBe(ROOM / 3);
    await client.publishAsync(device.topic, `{"n":${acknowledged}}`);
    acknowledged += 1;
    await expect.poll(stored, { timeout: 10_000 }).toBe(acknowledged);
  }
  database.cut();
  const taken = await publish(4 * ROOM);
  expect(taken).toBeGreaterThanOrEqual(ROOM - 1);
  expect(taken).toBeLessThanOrEqual(ROOM);
  database.restore();
  await expect.poll(stored, { timeout: 20_000 }).toBe(acknowledged);
  await expect.poll(() => publish(1), { timeout: 5_000 }).toBe(1);
  expect(lines.filter(({ msg }) => String(msg).includes('broker connection lost'))).toEqual([]);
}, 60_000);
