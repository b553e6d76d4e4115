// When does the store take a message for one that is stored already? Batches made by hand: in another order, in parts, days later.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { createStamper } from '../../tests/support/stamps.ts';
import { deliveryTo, likeIt, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { Batch } from './batch.ts';
import { createRegistry } from './registry.ts';
import { encodePrefix } from './write.ts';

const stamper = createStamper();
let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 8 });
  store = await openStoreRig(rig, 'repeats');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

let used = 0;
const nextDevice = () => rig.devices[used++]!;
const MINUTE = 60_000;

test('is the same one in another packet, on another connection, in parts of its batch: a killed broker forgets all that', async () => {
  const device = nextDevice();
  const at = Date.now();
  const stamped = [
    ...[
      ['{"v":1}', 0],
      ['{"v":1}', 400],
      ['{"v":1}', 1000],
      ['{"v":2}', 1100],
      ['{"v":1}', 1100],
    ],
  ].map(([payload, after], n) =>
    deliveryTo(device.topic, payload as string, { tag: n + 1, stamp: stamper.next({ at: at + Number(after) }) }),
  );
  const write = async (deliveries: typeof stamped) => {
    const { tallies } = await store.store.write(store.batchFrom(deliveries));
    return tallies.get('acme');
  };
  expect(await write(stamped)).toMatchObject({ stored: 4, duplicate: 1 });
  const again = stamped.map((delivery, n) => likeIt(delivery, { tag: 60 - n, lane: 2 }));
  for (const part of [again, again.slice(1), again.slice(1, 2), again.slice(3), [again[2]!, again[0]!]]) {
    expect(await write(part)).toMatchObject({ stored: 0, duplicate: part.length });
  }
});

test.each([
  ['repeats the message before it', [1, 1, 2], { stored: 1, duplicate: 1 }],
  ['repeats none that came after it', [0, 1, 2, 1], { stored: 3, duplicate: 0 }],
])('%s, though its batch has them in another order', async (_, values, expected) => {
  const device = nextDevice();
  const at = Date.now();
  const [first, ...rest] = values.map((v, n) =>
    deliveryTo(device.topic, `{"v":${v}}`, { tag: n + 1, stamp: stamper.next({ at: at + 300 * n }) }),
  );
  // One batch is looked up while the next is collected: what was collected before the answer waits for its own, what comes after it
  // does not.
  const registry = createRegistry(rig.admin, encodePrefix, Date.now);
  const [one, next] = [new Batch(registry), new Batch(registry)];
  one.add(first!);
  next.add(rest[0]!);
  await one.settle();
  for (const delivery of rest.slice(1)) next.add(delivery);
  await next.settle();
  expect(next.rows.at(-1)?.delivery.tag).toBe(2);
  expect((await store.store.write(one)).tallies.get('acme')).toMatchObject({ stored: 1 });
  expect((await store.store.write(next)).tallies.get('acme')).toMatchObject(expected);
  // Again, all at once: what was a repeat must not become a row.
  const again = store.batchFrom([...rest, first!]);
  expect((await store.store.write(again)).tallies.get('acme')).toMatchObject({ stored: 0, duplicate: values.length });
});

test("repeats its device's previous message within the window that the tenant has set", async () => {
  const device = nextDevice();
  const at = Date.now();
  let came = at;
  /** In a batch of its own, `ms` after the message before. */
  const write = async (payload: string, ms: number) => {
    came += ms;
    const { tallies } = await store.write(device, [payload], { tag: 1, stamp: stamper.next({ at: came }) });
    return tallies.get('acme')?.stored;
  };
  expect(await write('{"v":1}', 0)).toBe(1);
  expect(await write('{"v":1}', 999)).toBe(0);
  // What is kept is what counts: one that says the same all the time has a row a second.
  expect(await write('{"v":1}', 1)).toBe(1);
  expect(await write('{"v":2}', 1)).toBe(1);
  expect(await write('{"v":1}', 1)).toBe(1);
  const set = (ms: number | null) =>
    rig.admin.query(
      `insert into public.reading_rules (tenant_id, device_id, repeat_ms) select tenant_id, id, $2 from public.devices where id = $1
       on conflict (tenant_id, device_id) do update set repeat_ms = excluded.repeat_ms`,
      [device.id, ms],
    );
  await set(60_000);
  expect(await write('{"v":1}', 59_999)).toBe(0);
  await set(0);
  expect(await write('{"v":1}', 0)).toBe(1);
  await set(null);
  expect(await write('{"v":1}', 1)).toBe(0);
});

test('keeps its declared id for three days after ingest took it, however long it waited', async () => {
  const device = nextDevice();
  const at = Date.now() - 4 * 24 * 60 * MINUTE;
  const write = async (ms: number) => {
    const { tallies } = await store.write(device, ['{"message_id":"x"}'], { stamp: stamper.next({ at: at + ms }) });
    return tallies.get('acme')?.stored;
  };
  expect(await write(0)).toBe(1);
  await rig.admin.query("select ingest.prune('untimed', 1000)");
  expect(await write(60 * MINUTE)).toBe(0);
});

test('is known by its packet for ten minutes, when a killed broker does not say that it sent it before', async () => {
  const device = nextDevice();
  const write = async (tag: number, receivedAt: number) => {
    const { tallies } = await store.write(device, ['{"v":1}'], { tag, receivedAt });
    return tallies.get('acme')?.stored;
  };
  const at = Date.now();
  expect(await write(900, at)).toBe(1);
  expect(await write(901, at + 1)).toBe(1);
  expect(await write(900, at + 9 * MINUTE)).toBe(0);
  expect(await write(901, at + 11 * MINUTE)).toBe(1);
});

test('two different readings are two rows, whatever they say and however they come', async () => {
  const device = nextDevice();
  const value = fc.oneof(
    fc.constantFrom(1, 1.5, 'ON', 'OFF', true, null, 0, '', {}),
    fc.array(fc.integer(), { maxLength: 2 }),
    fc.string({ unit: 'grapheme-ascii' }),
  );
  const name = fc.constantFrom('id', 'v', 'POWER', 'model', 'time', 'uuid', 'message', 'seq');
  const reading = fc.dictionary(name, value, { maxKeys: 3 });
  const stampAfter = fc.constantFrom(undefined, 0, 1, 500, 1000, 4000);
  const identity = fc.constantFrom(
    {},
    { ts: 1_793_404_800 },
    { message_id: 'm' },
    { message_id: 7, ts: 1_793_404_800 },
  );
  let at = Date.UTC(2026, 10, 1);
  let tag = 1000;
  await fc.assert(
    fc.asyncProperty(reading, reading, identity, stampAfter, fc.boolean(), async (a, b, own, after, apart) => {
      const texts = [a, b].map((each) => JSON.stringify({ ...each, ...own }));
      fc.pre(texts[0] !== texts[1]);
      // Readings of one example only: a declared id or a time may come again in the next.
      await rig.admin.query('delete from public.telemetry where device_id = $1', [device.id]);
      await rig.admin.query('delete from ingest.untimed where device_id = $1', [device.id]);
      at += 10 * MINUTE;
      const deliveries = texts.map((text, n) => {
        tag += 1;
        const stamp = after === undefined ? undefined : stamper.next({ at: at + n * after });
        return deliveryTo(device.topic, text, { tag, stamp, receivedAt: at });
      });
      const parts = apart ? deliveries.map((one) => [one]) : [deliveries];
      for (const part of parts) await store.store.write(store.batchFrom(part));
      expect(await rig.rows(device)).toHaveLength(2);
    }),
    { numRuns: 150 },
  );
});
