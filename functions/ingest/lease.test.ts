import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type IngestRig, keepLog, never, startIngestRig } from '../../tests/support/ingest-rig.ts';
import { type Database, openDatabase } from './database.ts';
import { acquireLease } from './lease.ts';
import { runOnce } from './run.ts';
import { runWorker } from './worker.ts';

let rig: IngestRig;
let database: Database;
beforeAll(async () => {
  rig = await startIngestRig(2);
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
  await expect.poll(() => said('connected to the broker'), { timeout: 10_000 }).toBe(1);
});

test('a run that was overtaken writes nothing and acknowledges nothing', async () => {
  const device = rig.devices[0]!;
  await runOnce(rig.settings('stale'), keepLog().log, never);
  const { log, lines } = keepLog();
  const running = runOnce(rig.settings('stale'), log, never);
  await expect.poll(() => lines.some(({ msg }) => msg === 'connected to the broker')).toBe(true);
  // As another run does when this one has not renewed its lease in time.
  await rig.admin.query("update ingest.leases set expires_at = '-infinity' where name = 'stale'");
  const successor = await acquireLease(database, 'stale');
  await device.publish(['{"n":1}']);
  expect(await running).toMatchObject({ outcome: 'lease-lost', stored: 0, error: { code: 'MS001' } });
  expect(await rig.rows(device)).toHaveLength(0);
  await successor!.release();
  expect(await runOnce(rig.settings('stale'), keepLog().log, never)).toMatchObject({ received: 1, stored: 1 });
});

test('each take-over has a higher fence', async () => {
  const first = await acquireLease(database, 'fences');
  expect(await acquireLease(database, 'fences')).toBeUndefined();
  await first!.release();
  const second = await acquireLease(database, 'fences');
  expect(second!.fence).toBeGreaterThan(first!.fence);
  await second!.release();
});
