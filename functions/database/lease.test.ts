// One run at a time, also when one dies, stops or sleeps.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stopChild } from '../../lab/child.ts';
import { startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runOnce } from '../ingest/run.ts';
import { runWorker } from '../worker/worker.ts';
import { type Database, openDatabase } from './connection.ts';
import { acquireLease } from './lease.ts';

let rig: Lab;
let database: Database;
beforeAll(async () => {
  rig = await startLab({ devices: 2, broker: MANY_SESSIONS });
  database = openDatabase(rig.settings('x').database);
});
afterAll(async () => {
  await database.close();
  await rig.stop();
});

test('only one run at a time: the other one says so and leaves at once', async () => {
  const lease = await acquireLease(database, 'one');
  const { log, lines } = keepLog('info');
  const skipped = await runOnce(rig.settings('one'), log, never);
  expect(skipped).toMatchObject({ outcome: 'skipped', skipped: 'another run holds the lease', received: 0 });
  expect(lines).toMatchObject([{ level: 'info', outcome: 'skipped' }]);
  await lease!.release();
  expect((await runOnce(rig.settings('one'), keepLog().log, never)).outcome).toBe('idle');
});

test('a worker waits for the lease and takes it when it is given back', async () => {
  const lease = await acquireLease(database, 'waits');
  const { log, lines } = keepLog();
  const stopping = new AbortController();
  const ended = runWorker(rig.settings('waits'), log, stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await ended;
  });
  const said = (text: string) => lines.filter(({ msg }) => String(msg).includes(text)).length;
  await expect.poll(() => said('waiting for it')).toBe(1);
  expect(said('connected to the broker')).toBe(0);
  await lease!.release();
  await expect.poll(() => said('connected to the broker')).toBe(1);
});

test('a run that was overtaken writes nothing and acknowledges nothing', async () => {
  const device = rig.devices[0]!;
  await runOnce(rig.settings('stale'), keepLog().log, never);
  const { log, lines } = keepLog();
  const running = runOnce(rig.settings('stale'), log, never);
  // The former run's canary: nothing is under way after it.
  await expect.poll(() => lines.some(({ msg }) => msg === 'batch committed')).toBe(true);
  // As another run does when this one has not renewed its lease in time.
  await rig.admin.query("update ingest.leases set expires_at = '-infinity' where name = 'stale'");
  const successor = await acquireLease(database, 'stale');
  await device.publish(['{"n":1}']);
  expect(await running).toMatchObject({ outcome: 'lease-lost', stored: 0, error: { code: 'MS001' } });
  expect(await rig.rows(device)).toHaveLength(0);
  await successor!.release();
  expect(await runOnce(rig.settings('stale'), keepLog().log, never)).toMatchObject({ received: 1, stored: 1 });
});

/** The real worker in a process of its own. */
function startProcess(clientId: string) {
  const lines: string[] = [];
  const worker = startIngestWorker({
    env: rig.env(clientId, { LOG_LEVEL: 'debug' }),
    logFile: '/dev/null',
    onLog: ({ msg }) => lines.push(String(msg)),
  });
  onTestFinished(() => worker.stop());
  return { ...worker, said: (text: string) => lines.filter((line) => line.includes(text)).length };
}

const expiryOf = async (name: string) =>
  (
    await rig.admin.query<{ seconds: number }>(
      'select extract(epoch from expires_at - clock_timestamp())::float8 as seconds from ingest.leases where name = $1',
      [name],
    )
  ).rows[0]!.seconds;
/** As if the lease's time were over. */
const expire = (name: string) =>
  rig.admin.query("update ingest.leases set expires_at = '-infinity' where name = $1", [name]);
const readings = (from: number, count: number) => Array.from({ length: count }, (_, n) => `{"id":${from + n}}`);

test('a killed holder keeps the lease until it expires, within 8 seconds; then another one takes it and drains', async () => {
  const device = rig.devices[0]!;
  const killed = startProcess('killed');
  await expect.poll(() => killed.said('connected to the broker')).toBe(1);
  await stopChild(killed.child, 'SIGKILL');
  const before = (await rig.rows(device)).length;
  await device.publish(readings(0, 50));
  const seconds = await expiryOf('killed');
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(8);
  expect(await runOnce(rig.settings('killed'), keepLog().log, never)).toMatchObject({ outcome: 'skipped' });
  const successor = startProcess('killed');
  await expect.poll(() => successor.said('waiting for it')).toBe(1);
  await expire('killed');
  await expect.poll(async () => (await rig.rows(device)).length, { timeout: 15_000 }).toBe(before + 50);
});

test('a holder that was stopped for too long writes nothing when it wakes up', async () => {
  const device = rig.devices[1]!;
  const old = startProcess('paused');
  await expect.poll(() => old.said('connected to the broker')).toBe(1);
  old.child.kill('SIGSTOP');
  await expire('paused');
  const successor = startProcess('paused');
  await expect.poll(() => successor.said('connected to the broker')).toBe(1);
  // Some are stored by the successor, some are under way when the old one wakes up and takes the session back.
  const publishing = device.publish(readings(0, 500));
  old.child.kill('SIGCONT');
  await publishing;
  await device.publish(readings(500, 500));
  await expect.poll(async () => (await rig.rows(device)).length, { timeout: 25_000 }).toBe(1000);
  expect(old.said('batch committed')).toBe(0);
  await expect.poll(() => old.said('taken the lease over') + old.said('database not ready')).toBeGreaterThan(0);
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
}, 60_000);

test('each take-over has a higher fence', async () => {
  const first = await acquireLease(database, 'fences');
  expect(await acquireLease(database, 'fences')).toBeUndefined();
  await first!.release();
  const second = await acquireLease(database, 'fences');
  expect(second!.fence).toBeGreaterThan(first!.fence);
  await second!.release();
});
