// The row that reaches the table is the message that was sent, whichever way it was written.
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMessage } from '../../domain/messages.ts';
import { isRejection } from '../../domain/messages-reasons.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { classify } from '../database/sqlstate.ts';
import type { Delivery } from '../source/delivery.ts';
import { totalOf } from './accounting.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 5, broker: MANY_SESSIONS });
  store = await openStoreRig(rig, 'store');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

const receivedAt = Date.now();
/** The UTC day `days` from now. */
const day = (days: number) => new Date(receivedAt + days * 86_400_000).toISOString().slice(0, 10);

/** A batch that came with QoS 1. */
const batchOf = (device: LabDevice, payloads: readonly Buffer[], more: Partial<Delivery> = {}) =>
  store.batchOf(device, payloads, { tag: 1, receivedAt, ...more });

test('COPY stores ids, times to the microsecond and payloads as they were sent', async () => {
  const device = rig.devices[0]!;
  const ts = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 678_901;
  const payload = `{"message_id":"é\\\\ ☃","ts":"${formatTimestamp(ts)}",\t"text":"a\\\\b\\n\\t\\"☃\\ud83d\\ude00",\n"n":[1.50,0,1e3,null,true]}`;
  const old = '{"ts":"2000-01-01T00:00:00Z"}';
  const { tallies, careful } = await store.store.write(batchOf(device, [Buffer.from(payload), Buffer.from(old)]));
  expect(careful).toBe(false);
  expect(totalOf(tallies)).toEqual({ received: 2, stored: 2, duplicate: 0, rejected: 0, overQuota: 0 });
  const { rows } = await rig.admin.query(
    `select tenant_id, message_id, payload, to_char(ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ts, received_at
     from public.telemetry where device_id = $1 order by ts`,
    [device.id],
  );
  expect(rows[0].ts).toBe('2000-01-01T00:00:00.000000Z');
  expect(rows[1]).toMatchObject({
    message_id: expect.stringMatching(/^[\w-]{22}:é\\ ☃$/),
    ts: formatTimestamp(ts),
    received_at: new Date(receivedAt),
    payload: JSON.parse(payload),
  });
});

test('a duplicate in a batch that has to be written again only costs time, and tenants are told apart', async () => {
  const [device, umbrella] = [rig.devices[1]!, rig.devices.at(-1)!];
  const reading = (n: number) => Buffer.from(`{"ts":${1_790_000_000 + n}}`);
  await store.store.write(batchOf(device, [reading(1)]));
  const batch = batchOf(device, [reading(0), reading(1), reading(2), reading(2)]);
  batch.add(deliveryTo(umbrella.topic, reading(1), { tag: 1 }));
  const { tallies, careful } = await store.store.write(batch);
  expect(careful).toBe(true);
  expect(Object.fromEntries(tallies)).toEqual({
    acme: { received: 4, stored: 2, duplicate: 2, rejected: 0, overQuota: 0 },
    umbrella: { received: 1, stored: 1, duplicate: 0, rejected: 0, overQuota: 0 },
  });
  // As after a commit whose answer was lost.
  expect(totalOf((await store.store.write(batch)).tallies)).toEqual({
    received: 5,
    stored: 0,
    duplicate: 5,
    rejected: 0,
    overQuota: 0,
  });
});

test('bad rows anywhere in a batch are found, and only they', async () => {
  const device = rig.devices[2]!;
  await refusePoison(rig.admin);
  const bad = new Set([0, 17, 18, 63, 99]);
  const payloads = Array.from({ length: 100 }, (_, n) => Buffer.from(bad.has(n) ? poison({ n }) : `{"n":${n}}`));
  const { tallies } = await store.store.write(batchOf(device, payloads));
  expect(totalOf(tallies)).toEqual({ received: 100, stored: 95, duplicate: 0, rejected: 5, overQuota: 0 });
  expect(await rig.rows(device)).toHaveLength(95);
  const letters = await rig.deadLetters(device);
  expect(letters.map(({ payload }) => payload.toString())).toEqual([...bad].map((n) => poison({ n })));
  // A rejected message was not recorded as seen: it can be redriven.
  const { rows } = await rig.admin.query('select from ingest.untimed where device_id = $1', [device.id]);
  expect(rows).toHaveLength(95);
});

test('whatever is accepted as a message, Postgres accepts as jsonb', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const near = (places: number[]) =>
    fc
      .tuple(fc.constantFrom(...places), fc.integer({ min: -2, max: 2 }))
      .map(([place, off]) => Math.max(0, place + off));
  const sign = fc.constantFrom('e', 'e-', 'E+');
  const number = fc.oneof(
    fc.double(),
    fc.stringMatching(/^-?[1-9]\d{0,30}(\.\d{1,30})?([eE][+-]?\d{1,6})?$/).map((digits) => ({ digits })),
    // Around the digits that numeric has room for, and the exponents at which Postgres stops reading.
    fc
      .tuple(
        near([0, 1, 308, 16_383]),
        fc.constantFrom('', '1', '15'),
        near([0, 308, 16_383, 131_072, 2 ** 30, 2 ** 31]),
        sign,
      )
      .map(([zeros, last, exponent, e]) => ({ digits: `0.${'0'.repeat(zeros)}${last || '0'}${e}${exponent}` })),
    fc
      .tuple(near([1, 200, 308]), near([0, 308, 16_383, 2 ** 31]), sign)
      .map(([length, exponent, e]) => ({ digits: `${'9'.repeat(Math.max(1, length))}${e}${exponent}` })),
  );
  const escapes = fc.stringMatching(/^(\\u[0-9a-fA-F]{4}|\\[bfnrt"\\/]|[a-z]){0,8}$/).map((escaped) => ({ escaped }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      number,
      escapes,
      fc.constantFrom(null, true),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  }));
  const write = (item: unknown): string => {
    if (Array.isArray(item)) return `[${item.map(write).join(',\t')}]`;
    if (typeof item !== 'object' || item === null) return JSON.stringify(item);
    if ('digits' in item) return String(item.digits);
    if ('escaped' in item) return `"${item.escaped}"`;
    return `{${Object.entries(item).map(([key, member]) => `${JSON.stringify(key)} :${write(member)}`)}}`;
  };
  const payloads = fc
    .sample(fc.record({ value }), 3000)
    .map((item) => Buffer.from(write(item)))
    .filter((payload) => !isRejection(readMessage(payload, undefined, receivedAt)));
  expect(payloads.length).toBeGreaterThan(1000);
  const { tallies, careful } = await store.store.write(batchOf(rig.devices[3]!, payloads));
  expect(careful).toBe(false);
  expect(totalOf(tallies).rejected).toBe(0);
});

test('a row that meets the making of its partition is written again, and does not become a dead letter', async () => {
  const device = rig.devices[4]!;
  const late = (hour: number) => Buffer.from(`{"ts":"${day(-3)}T${hour}:00:00Z"}`);
  await store.store.write(batchOf(device, [late(10)]));
  await rig.admin.query('begin');
  await rig.admin.query('select ingest.ensure_telemetry_partitions()');
  const batch = batchOf(device, [late(11)]);
  const writing = store.store.write(batch).catch((error: unknown) => error);
  const waiting = "select from pg_stat_activity where application_name = 'mqtt_ingest' and wait_event_type = 'Lock'";
  await expect.poll(async () => (await rig.admin.query(waiting)).rowCount).toBe(1);
  await rig.admin.query('commit');
  const error = await writing;
  expect(error).toMatchObject({ code: '23514', constraint: undefined });
  expect(classify(error)).toBe('transient');
  expect(totalOf((await store.store.write(batch)).tallies)).toMatchObject({ stored: 1, rejected: 0 });
  expect(await rig.deadLetters(device)).toEqual([]);
});

test('a check of a column blames the row, one without a name does not', () => {
  const violation = (constraint?: string) =>
    Object.assign(new pg.DatabaseError('', 0, 'error'), { code: '23514', constraint });
  expect(classify(violation('telemetry_message_id_check'))).toBe('data');
  expect(classify(violation())).toBe('transient');
});

test('a truncated packet is a dead letter that says so', async () => {
  const device = rig.devices[4]!;
  await store.store.write(batchOf(device, [Buffer.from('{"a":1}')], { truncated: true }));
  const letters = await rig.deadLetters(device);
  expect(letters).toMatchObject([{ reason: 'too-large', detail: expect.stringContaining('cut off') }]);
});
