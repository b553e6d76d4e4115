// What is known of a device after what came from it: liveness, clock, newest values, and how little that is allowed to cost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';

let rig: Lab;
let store: StoreRig;
let next = 0;
beforeAll(async () => {
  rig = await startLab({ devices: 30 });
  store = await openStoreRig(rig, 'status');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

/** One that no other test has. */
const newDevice = () => rig.devices[next++] as LabDevice;
const NOW = Date.now();
/** Milliseconds since 1970. @param seconds from now. */
const at = (seconds: number) => NOW + seconds * 1000;
/** A reading with a time of its own. @param ts in milliseconds since 1970. */
const reading = (ts: number, fields: object) => JSON.stringify({ ts: formatTimestamp(ts * 1000), ...fields });

async function statusOf({ id }: LabDevice) {
  const { rows } = await rig.admin.query('select * from public.device_status where device_id = $1', [id]);
  const [status] = rows;
  return { ...status, last: (status.last_received_at.getTime() - NOW) / 1000 };
}
/** The newest value of each field. */
const valuesOf = async (device: LabDevice) => {
  const { fields } = await statusOf(device);
  return Object.fromEntries(
    Object.entries(fields as Record<string, [unknown]>)
      .filter(([field]) => field !== 'ts')
      .map(([field, [value]]) => [field, value]),
  );
};

test('every message moves the time of receipt: stored, repeated, refused and over quota', async () => {
  const device = newDevice();
  const same = '{"temperature":21.5}';
  const receive = (payload: string, seconds: number) => store.write(device, [payload], { receivedAt: at(seconds) });
  await receive(reading(at(0), { t: 1 }), 0);
  expect(await statusOf(device)).toMatchObject({ last: 0 });
  await receive(reading(at(0), { t: 1 }), 10);
  expect(await statusOf(device)).toMatchObject({ last: 10 });
  await receive('not json', 20);
  expect(await statusOf(device)).toMatchObject({ last: 20 });
  await receive(same, 30);
  await rig.admin.query(
    'insert into public.tenant_limits (tenant_id, readings_per_day) select tenant_id, 0 from public.devices where id = $1',
    [device.id],
  );
  await receive(reading(at(40), { t: 9 }), 40);
  await rig.admin.query('delete from public.tenant_limits');
  expect(await statusOf(device)).toMatchObject({ last: 40, gaps: [10, 10, 10, 10] });
  // What was refused or over quota gives no values.
  expect(await valuesOf(device)).toEqual({ t: 1, temperature: 21.5 });
  await receive(same, 5);
  expect(await statusOf(device)).toMatchObject({ last: 40 });
});

test('a transaction that fails at its end notes nothing, and the next attempt does', async () => {
  const device = newDevice();
  await store.write(device, ['not json'], { receivedAt: at(0) });
  let isFailing = true;
  const failing = await openStoreRig(rig, 'status-failing', {}, (database) => ({
    ...database,
    transaction: (opening, work, mostMs) =>
      database.transaction(
        opening,
        async (client) => {
          const result = await work(client);
          if (isFailing) throw new Error('no commit');
          return result;
        },
        mostMs,
      ),
  }));
  const receive = () => failing.write(device, ['not json'], { receivedAt: at(60) });
  await expect(receive()).rejects.toThrow('no commit');
  isFailing = false;
  await receive();
  await failing.stop();
  expect(await statusOf(device)).toMatchObject({ last: 60 });
});

test('the newest value of each field is kept, whichever message had it', async () => {
  const device = newDevice();
  await store.write(device, [reading(at(0), { a: 1, b: 'x' }), reading(at(1), { a: 2, c: [true, null] })], {
    receivedAt: at(2),
  });
  await store.write(device, [reading(at(60), { a: 3 })], { receivedAt: at(60) });
  expect(await valuesOf(device)).toEqual({ a: 3, b: 'x', c: [true, null] });
  expect((await statusOf(device)).fields).toMatchObject({ a: [3, at(60), at(60)], b: ['x', at(0), at(2)] });
});

test('a late reading of a clock that is right replaces no newest value, but fills in what was not known', async () => {
  const device = newDevice();
  for (const seconds of [0, 60])
    await store.write(device, [reading(at(seconds), { a: seconds })], { receivedAt: at(seconds) });
  await store.write(device, [reading(at(-3600), { a: -1, b: -1 })], { receivedAt: at(70) });
  expect(await valuesOf(device)).toEqual({ a: 60, b: -1 });
  expect(await statusOf(device)).toMatchObject({ last: 70, clock_skew: 0 });
});

test('one reading from the future freezes nothing, and does not make the clock wrong', async () => {
  const device = newDevice();
  await store.write(device, [reading(at(0), { a: 1 })], { receivedAt: at(0) });
  await store.write(device, [reading(at(23 * 3600), { a: 99 })], { receivedAt: at(10) });
  expect(await valuesOf(device)).toEqual({ a: 99 });
  await store.write(device, [reading(at(20), { a: 2 })], { receivedAt: at(20) });
  expect(await valuesOf(device)).toEqual({ a: 2 });
  expect(await statusOf(device)).toMatchObject({ clock_skew: 0 });
});

test.each([7, -7])(
  'a clock that is %d hours off is known, its newest value is what came last, also once it is right',
  async (hours) => {
    const device = newDevice();
    const receive = (seconds: number, off: number) =>
      store.write(device, [reading(at(seconds + off * 3600), { a: seconds })], { receivedAt: at(seconds) });
    for (const seconds of [0, 60, 120]) await receive(seconds, hours);
    expect(await valuesOf(device)).toEqual({ a: 120 });
    expect(await statusOf(device)).toMatchObject({ clock_skew: hours * 3600 });
    for (const seconds of [180, 240]) await receive(seconds, 0);
    expect(await valuesOf(device)).toEqual({ a: 240 });
    expect(await statusOf(device)).toMatchObject({ clock_skew: 0 });
  },
);

test('gaps are between reports, not between the messages of one, and the last eight are kept', async () => {
  const device = newDevice();
  for (let n = 0; n < 11; n++) {
    await store.write(device, ['{"a":1}', '{"b":1}'], { receivedAt: at(n * 900) });
    await store.write(device, [`{"c":${n}}`], { receivedAt: at(n * 900 + 0.3) });
  }
  const { gaps } = await statusOf(device);
  expect(gaps).toHaveLength(8);
  for (const gap of gaps) expect(gap).toBeCloseTo(900, 0);
});

test('what a device can fill it with is bounded: fields, lengths, text that jsonb refuses', async () => {
  const device = newDevice();
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`f${n}`, n]));
  await store.write(device, [JSON.stringify(many)], { receivedAt: at(0) });
  const long = { long: 'x'.repeat(300), ['k'.repeat(65)]: 1, short: 1, deep: { a: { b: [1] } } };
  await store.write(device, [JSON.stringify(long)], { receivedAt: at(10) });
  for (let n = 0; n < 300; n++) {
    const own = { [`g${n}`]: 'y'.repeat(180) };
    await store.write(device, [JSON.stringify(own)], { receivedAt: at(20 + n * 10) });
  }
  const { rows } = await rig.admin.query(
    'select octet_length(fields::text) as bytes, (select count(*)::int from jsonb_object_keys(fields)) as fields from public.device_status where device_id = $1',
    [device.id],
  );
  expect(rows[0].bytes).toBeLessThan(9000);
  expect(rows[0].fields).toBeLessThan(64 * 3);
  const other = newDevice();
  await store.write(other, ['{"nul":"\\\\u0000","half":"\\\\ud800","ok":1}', JSON.stringify(long)], {
    receivedAt: at(0),
  });
  expect(await valuesOf(other)).toEqual({ ok: 1, short: 1, deep: { a: { b: [1] } } });
});

test('a value that the database refused is not noted, and the readings beside it are noted', async () => {
  const device = newDevice();
  await refusePoison(rig.admin);
  await store.write(device, [poison({ a: 1 }), reading(at(0), { b: 2 })], { receivedAt: at(0) });
  expect(await valuesOf(device)).toEqual({ b: 2 });
});

test('late readings beside punctual ones are spans of their own, to a bound', async () => {
  const device = newDevice();
  const spans = async () =>
    (
      await rig.admin.query(
        `select extract(epoch from upper(s) - lower(s))::int / 60 as minutes from public.device_status, unnest(fresh) as s
         where device_id = $1 order by lower(s)`,
        [device.id],
      )
    ).rows.map(({ minutes }) => minutes);
  const start = Math.floor(NOW / 60_000) * 60_000;
  const minute = (n: number) => reading(start + n * 60_000, {});
  await store.write(device, [minute(0), minute(1), minute(-1000)], { receivedAt: start });
  expect(await spans()).toEqual([1, 2]);
  await store.write(
    device,
    Array.from({ length: 20 }, (_, n) => minute(-5 * n)),
    { receivedAt: start },
  );
  expect(await spans()).toEqual([96]);
});

test('a device that is deleted while its readings are written, or unknown, holds nothing up', async () => {
  const [device, other] = [newDevice(), newDevice()];
  const batch = store.batchFrom([
    deliveryTo(device.topic, '{"a":1}', { receivedAt: at(0) }),
    deliveryTo(other.topic, '{"a":1}', { receivedAt: at(0) }),
    deliveryTo('tenants/acme/devices/nobody/telemetry', '{"a":1}', { receivedAt: at(0) }),
  ]);
  await rig.admin.query('delete from public.devices where id = $1', [device.id]);
  await store.store.write(batch);
  const { rows } = await rig.admin.query('select device_id from public.device_status where device_id = any ($1)', [
    [device.id, other.id],
  ]);
  expect(rows).toEqual([{ device_id: other.id }]);
});

test('two writers of the same devices, in whatever order they have them, wait for each other and both get through', async () => {
  const [one, other] = [newDevice(), newDevice()];
  const second = await openStoreRig(rig, 'status-2');
  try {
    for (let n = 1; n <= 25; n++) {
      const deliveries = [one, other].map(({ topic }) => deliveryTo(topic, `{"n":${n}}`, { receivedAt: at(n) }));
      await Promise.all([
        store.store.write(store.batchFrom(deliveries)),
        second.store.write(second.batchFrom(deliveries.toReversed())),
      ]);
    }
  } finally {
    await second.stop();
  }
  expect(await statusOf(one)).toMatchObject({ last: 25 });
});

test('of two writers that note a device for the first time, the second waits for the first, and adds to it', async () => {
  const device = newDevice();
  await rig.admin.query('begin');
  await rig.admin.query(
    `select ingest.note_devices(array[tenant_id], array[id], array[to_timestamp($2)], '{null}', '{null}', '{null}', '{null}', '{null}')
     from public.devices where id = $1`,
    [device.id, at(0) / 1000],
  );
  const other = store.store.write(store.batchFrom([deliveryTo(device.topic, '{"n":1}', { receivedAt: at(5) })]));
  await expect.poll(async () => (await rig.admin.query('select from pg_locks where not granted')).rowCount).toBe(1);
  await rig.admin.query('commit');
  // Not carefully: the batch was not written twice.
  expect(await other).toMatchObject({ careful: false });
  expect(await statusOf(device)).toMatchObject({ last: 5, gaps: [5] });
});

test('what is only repeated is noted every few seconds', async () => {
  const device = newDevice();
  const same = reading(at(0), { t: 1 });
  await store.write(device, [same], { receivedAt: at(0) });
  for (let n = 1; n <= 12; n++) await store.write(device, [same], { receivedAt: at(n) });
  expect(await statusOf(device)).toMatchObject({ last: 11, gaps: [1, 5, 5] });
});
