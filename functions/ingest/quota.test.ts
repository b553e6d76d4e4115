// Rate and quota of a tenant: exact across batches, and nobody else's business.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { totalOf } from './accounting.ts';
import { redrive } from './redrive.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 8, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'quota');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});
beforeEach(async () => {
  await rig.admin.query(
    'delete from ingest.quota_use; delete from public.tenant_limits; delete from public.ingest_ledger',
  );
});

const limit = (settings: string) =>
  rig.admin.query(
    `insert into public.tenant_limits (tenant_id, ${settings.split('=')[0]})
     select id, ${settings.split('=')[1]} from public.tenants where slug = 'acme'`,
  );
const timed = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `{"ts":${1_790_000_000 + from + n}}`);
const write = async (...args: Parameters<StoreRig['write']>) => totalOf((await store.write(...args)).tallies);

test('a day has a quota of readings; beyond it they are counted, but not stored, until the next day', async () => {
  const device = rig.devices[0]!;
  await limit('readings_per_day=10');
  expect(await write(device, timed(0, 6))).toMatchObject({ stored: 6, overQuota: 0 });
  expect(await write(device, timed(6, 6))).toMatchObject({ received: 6, stored: 4, overQuota: 2 });
  expect(await write(device, timed(12, 5))).toMatchObject({ received: 5, stored: 0, overQuota: 5 });
  expect(await rig.rows(device)).toHaveLength(10);
  const { rows } = await rig.admin.query(
    'select sum(stored)::int as stored, sum(over_quota)::int as over_quota from public.ingest_ledger',
  );
  expect(rows).toEqual([{ stored: 10, over_quota: 7 }]);
  await rig.admin.query('update ingest.quota_use set day = day - 1');
  expect(await write(device, timed(17, 12))).toMatchObject({ stored: 10, overQuota: 2 });
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
});

test('a day has a quota of bytes; what does not fit is counted, and what was a duplicate is free', async () => {
  const device = rig.devices[7]!;
  const sized = (n: number) => `{"ts":${1_790_000_000 + n},"x":"${'x'.repeat(1000)}"}`;
  const size = Buffer.byteLength(sized(0));
  await limit(`bytes_per_day=${5 * size}`);
  expect(await write(device, [0, 1, 2].map(sized))).toMatchObject({ stored: 3, overQuota: 0 });
  expect(await write(device, [0, 1].map(sized))).toMatchObject({ duplicate: 2 });
  expect(await write(device, [3, 4, 5, 6].map(sized))).toMatchObject({ stored: 2, overQuota: 2 });
  expect(await write(device, ['{"v":1}'])).toMatchObject({ stored: 0, overQuota: 1 });
  const { rows } = await rig.admin.query('select bytes::int, stored::int from ingest.quota_use');
  expect(rows).toEqual([{ bytes: 5 * size, stored: 5 }]);
  await rig.admin.query('update ingest.quota_use set day = day - 1');
  expect(await write(device, ['{"v":2}'])).toMatchObject({ stored: 1 });
});

test('a rate is a bucket that fills with time, so that a queue after an outage does not exceed it', async () => {
  const device = rig.devices[1]!;
  await limit('readings_per_minute, burst_minutes=60, 2');
  expect(await write(device, timed(0, 150))).toMatchObject({ stored: 120, overQuota: 30 });
  expect((await write(device, timed(150, 50))).stored).toBeLessThan(10);
  await rig.admin.query("update ingest.quota_use set tokens = 0, filled_at = now() - interval '1 minute'");
  const { stored } = await write(device, timed(200, 100));
  expect(stored).toBeGreaterThanOrEqual(60);
  expect(stored).toBeLessThan(70);
});

test('a duplicate uses up nothing, before or behind the edge', async () => {
  const device = rig.devices[2]!;
  await limit('readings_per_day=10');
  await write(device, timed(0, 7));
  expect(await write(device, timed(0, 7))).toMatchObject({ duplicate: 7, overQuota: 0 });
  // Redelivered after a crash, before three new ones and one too many.
  expect(await write(device, [...timed(0, 7), ...timed(7, 4)])).toMatchObject({
    stored: 3,
    duplicate: 7,
    overQuota: 1,
  });
  expect(await rig.rows(device)).toHaveLength(10);
});

test('a reading over the quota is not remembered as seen: sent again the next day, it is stored', async () => {
  const device = rig.devices[3]!;
  await limit('readings_per_day=1');
  expect(await write(device, ['{"message_id":"a"}', '{"message_id":"b"}'])).toMatchObject({ stored: 1, overQuota: 1 });
  await rig.admin.query('update ingest.quota_use set day = day - 1');
  expect(await write(device, ['{"message_id":"a"}', '{"message_id":"b"}'])).toMatchObject({ stored: 1, duplicate: 1 });
});

test("another tenant's readings of the same batch are stored, also when a row of it is bad", async () => {
  const [device, umbrella] = [rig.devices[4]!, rig.devices.at(-1)!];
  await limit('readings_per_day=2');
  const batch = store.batchOf(device, [poison(), ...timed(0, 3)]);
  for (const payload of [...timed(0, 5), poison()]) batch.add(deliveryTo(umbrella.topic, payload));
  const { tallies } = await store.store.write(batch);
  expect(Object.fromEntries(tallies)).toEqual({
    // The bad row took a place of the two until it was refused; it has no place in the end.
    acme: { received: 4, stored: 2, duplicate: 0, rejected: 1, overQuota: 1 },
    umbrella: { received: 6, stored: 5, duplicate: 0, rejected: 1, overQuota: 0 },
  });
});

test('two writers at once never store more than there is', async () => {
  const device = rig.devices[5]!;
  await limit('readings_per_day=100');
  const other = await openStoreRig(rig, 'quota-2');
  const written = await Promise.all(
    Array.from({ length: 10 }, (_, n) => (n % 2 ? store : other).write(device, timed(n * 20, 20))),
  );
  await other.stop();
  const totals = written.map(({ tallies }) => totalOf(tallies));
  expect(totals.reduce((sum, { stored }) => sum + stored, 0)).toBe(100);
  expect(totals.reduce((sum, { overQuota }) => sum + overQuota, 0)).toBe(100);
  expect(await rig.rows(device)).toHaveLength(100);
});

test('a redrive needs room in the quota, and takes it; without room its letter stays as it was', async () => {
  const topic = 'tenants/acme/devices/late/telemetry';
  await store.write({ ...rig.devices[0]!, topic }, ['[{"ts":1790001000},{"ts":1790001001}]']);
  await rig.admin.query(
    "insert into public.devices (tenant_id, slug, name) select id, 'late', 'L' from public.tenants where slug = 'acme'",
  );
  const letters =
    'select id::text, reason, detail, readings, redriven_as as became from public.dead_letters where topic = $1';
  const letter = async () => (await rig.admin.query(letters, [topic])).rows[0];
  const { id } = await letter();
  await limit('readings_per_day=1');
  expect(await redrive(rig.admin, id)).toMatchObject({ outcome: 'refused', stored: 0 });
  expect(await letter()).toMatchObject({
    reason: 'unknown-device',
    detail: expect.stringContaining('quota'),
    became: null,
  });
  await rig.admin.query('update public.tenant_limits set readings_per_day = 3');
  expect(await redrive(rig.admin, id)).toEqual({ outcome: 'stored' });
  expect(await write(rig.devices[0]!, timed(2000, 2))).toMatchObject({ stored: 1, overQuota: 1 });
});

test("a tenant's own bounds on a message hold", async () => {
  const device = rig.devices[6]!;
  await limit('max_payload_bytes, max_depth, max_ahead_seconds, max_age_seconds=100, 2, 60, 3600');
  const at = (seconds: number) => `{"ts":${Math.round(Date.now() / 1000) + seconds}}`;
  const payloads = ['{"v":{}}', at(0), `{"v":"${'x'.repeat(100)}"}`, '{"v":{"w":{}}}', at(90), at(-3700)];
  expect(await write(device, payloads)).toMatchObject({ stored: 2, rejected: 4 });
  expect((await rig.deadLetters(device)).map(({ reason }) => reason)).toEqual([
    ...['too-large', 'too-deep', 'timestamp-out-of-range', 'timestamp-out-of-range'],
  ]);
});

test.each([
  'max_payload_bytes=131073',
  'max_depth=33',
  'max_ahead_seconds=86401',
  'readings_per_minute=0',
  'burst_minutes=0',
])('a limit cannot be %s', async (settings) => {
  await expect(limit(settings)).rejects.toMatchObject({ code: '23514' });
});
