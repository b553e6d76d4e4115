// What dies, comes back; what was acknowledged to a device is in the table once.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runWorker } from '../worker/worker.ts';
import { runOnce } from './run.ts';

let rig: Lab;
let database: TcpProxy;
beforeAll(async () => {
  rig = await startLab({ devices: 8, broker: MANY_SESSIONS });
  database = await startProxy(rig.postgres.port);
});
afterAll(async () => {
  await database.stop();
  await rig.stop();
});

const throughProxy = (clientId: string) => {
  const url = new URL(rig.env(clientId).EXTERNAL_DATABASE_CONNECTION_STRING!);
  url.port = String(database.port);
  return { EXTERNAL_DATABASE_CONNECTION_STRING: url.href };
};

/** A worker in this process; stopped when the test ends. */
function startWorker(clientId: string, overrides: Record<string, string> = {}) {
  const stopping = new AbortController();
  const { log, lines } = keepLog();
  const ended = runWorker(rig.settings(clientId, overrides), log, stopping.signal);
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  onTestFinished(stop);
  const said = (text: string) => lines.filter(({ msg }) => String(msg).includes(text)).length;
  return { lines, said, stop };
}

const readings = (from: number, count: number) => Array.from({ length: count }, (_, n) => `{"n":${from + n}}`);
const numbers = async (device: LabDevice) =>
  (await rig.rows(device)).map(({ payload }) => (payload as { n: number }).n).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

test('a worker whose database is absent waits, says so, and drains when it is there', async () => {
  const device = rig.devices[0]!;
  await runOnce(rig.settings('absent'), keepLog().log, never);
  database.cut();
  const worker = startWorker('absent', throughProxy('absent'));
  await device.publish(readings(0, 20));
  await expect.poll(() => worker.said('database not ready')).toBeGreaterThan(1);
  database.restore();
  await expect.poll(() => numbers(device), { timeout: 15_000 }).toEqual(upTo(20));
});

test('a database that goes away under load: nothing is lost, nothing doubled', async () => {
  const device = rig.devices[1]!;
  const worker = startWorker('vanishes', throughProxy('vanishes'));
  await expect.poll(() => worker.said('connected to the broker')).toBe(1);
  for (let part = 0; part < 6; part++) {
    await device.publish(readings(part * 100, 100));
    if (part % 2 === 0) database.cut();
    else database.restore();
  }
  await expect.poll(() => numbers(device), { timeout: 15_000 }).toEqual(upTo(600));
  expect(worker.said('batch not written, will try again')).toBeGreaterThan(0);
});

test('a run whose database stays away ends by its time guard with a clear line, and throws nothing away', async () => {
  const device = rig.devices[2]!;
  await runOnce(rig.settings('gone'), keepLog().log, never);
  await device.publish(readings(0, 5));
  database.cut();
  const { log, lines } = keepLog('info');
  const settings = rig.settings('gone', { ...throughProxy('gone'), INGEST_TIME_GUARD_MS: '1500' });
  expect(await runOnce(settings, log, never)).toMatchObject({ outcome: 'failed', error: { code: 'ConnectionLost' } });
  expect(lines.at(-1)).toMatchObject({ level: 'error', msg: 'mqtt_ingest run', outcome: 'failed' });
  database.restore();
  expect(await runOnce(rig.settings('gone'), keepLog().log, never)).toMatchObject({ received: 5, stored: 5 });
});

test('a broker that restarts, and one that is absent, are waited for', async () => {
  const device = rig.devices[3]!;
  const worker = startWorker('restart');
  await expect.poll(() => worker.said('connected to the broker')).toBe(1);
  await device.publish(readings(0, 100));
  await rig.broker.stop();
  const run = runOnce(rig.settings('restart-2', { INGEST_TIME_GUARD_MS: '1200' }), keepLog().log, never);
  expect(await run).toMatchObject({ outcome: 'broker-unavailable', received: 0 });
  await rig.startBroker();
  await device.publish(readings(100, 100));
  await expect.poll(() => numbers(device), { timeout: 15_000 }).toEqual(upTo(200));
  expect(worker.said('broker connection lost or refused')).toBeGreaterThan(0);
  expect(worker.said('knew no session')).toBe(1);
});

test('a run that loses the broker says so, and how much it has stored', async () => {
  const device = rig.devices[6]!;
  await runOnce(rig.settings('loses'), keepLog().log, never);
  await device.publish(readings(0, 3000));
  const { log, lines } = keepLog('info');
  const running = runOnce(rig.settings('loses', { INGEST_TIME_GUARD_MS: '6000' }), log, never);
  await expect.poll(async () => (await numbers(device)).length, { interval: 5 }).toBeGreaterThan(0);
  await rig.broker.kill();
  const result = await running;
  expect(result).toMatchObject({ outcome: 'broker-lost', error: { code: 'ECONNREFUSED' } });
  expect(result.stored).toBe((await numbers(device)).length);
  expect(lines.at(-1)).toMatchObject({ level: 'error', outcome: 'broker-lost', stored: result.stored });
  await rig.startBroker();
});

test('a session that another client took over is taken up again', async () => {
  const device = rig.devices[4]!;
  const worker = startWorker('contested');
  await expect.poll(() => worker.said('connected to the broker')).toBe(1);
  const rival = await mqtt.connectAsync(rig.broker.url, {
    ...{ protocolVersion: 5, clientId: 'contested', clean: false, username: 'svc-ingest', password: rig.serviceKey },
    ...{ rejectUnauthorized: false, properties: { sessionExpiryInterval: 300 }, reconnectPeriod: 0 },
  });
  await expect.poll(() => worker.said('broker connection lost or refused')).toBe(1);
  await rival.endAsync();
  await device.publish(readings(0, 10));
  await expect.poll(() => numbers(device), { timeout: 20_000 }).toEqual(upTo(10));
});

test('a stopped worker has acknowledged what it committed and leaves the rest to the next', async () => {
  const device = rig.devices[5]!;
  const first = startWorker('stops');
  await expect.poll(() => first.said('connected to the broker')).toBe(1);
  const publishing = device.publish(readings(0, 2000));
  await sleep(150);
  await first.stop();
  await publishing;
  const rest = await runOnce(rig.settings('stops'), keepLog().log, never);
  expect(rest).toMatchObject({ outcome: 'idle', duplicate: 0 });
  expect(await numbers(device)).toEqual(upTo(2000));
});
