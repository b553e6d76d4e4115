// What a batch makes of the messages it gets, without a database.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, DEFAULT_RULES } from '../../domain/messages-limits.ts';
import { CANARY_TOPIC, telemetryTopic } from '../../domain/topics.ts';
import { deliveryTo, likeIt } from '../../tests/support/store-rig.ts';
import type { Delivery } from '../source/delivery.ts';
import { Batch } from './batch.ts';
import type { Registry, Route } from './registry.ts';

const route: Route = {
  tenant: 'acme',
  tenantId: 't',
  deviceId: 'd',
  prefix: Buffer.alloc(0),
  limits: DEFAULT_LIMITS,
  rules: DEFAULT_RULES,
  metered: false,
  topic: telemetryTopic('acme', 'pump-1'),
};
const registry: Registry = { refresh: () => {}, find: () => route, learn: async () => new Map() };

const TOPIC = telemetryTopic('acme', 'pump-1');
const delivery = (tag: number, lane: number, payload = `{"n":${tag}}`, again = false): Delivery =>
  deliveryTo(TOPIC, payload, { tag, lane, again, receivedAt: 1_795_262_400_000 });

const batchOf = (...deliveries: Delivery[]) => {
  const batch = new Batch(registry);
  for (const one of deliveries) batch.add(one);
  return batch;
};

test('rejected and repeated messages are acknowledged, too, or they would come again and again', () => {
  const timed = '{"ts":1795262400}';
  const batch = batchOf(delivery(1, 1, 'no JSON'), delivery(2, 1, timed), delivery(3, 1, timed));
  expect(batch).toMatchObject({ messages: 3, rows: [{}], deadLetters: [{ reason: 'not-json' }] });
  expect(batch.repeats).toMatchObject([{ route: { tenant: 'acme' } }]);
  expect(batch.deliveries.map(({ tag }) => tag)).toEqual([1, 2, 3]);
});

test('a redelivery of a packet that is still held is a repeat, whatever time it is, and an equal packet is not', () => {
  const late = likeIt(delivery(5, 2, '{"v":1}', true), { receivedAt: 1_795_262_400_000 + 3_600_000 });
  expect(batchOf(delivery(5, 1, '{"v":1}'), late)).toMatchObject({ rows: { length: 1 }, repeats: { length: 1 } });
  const equal = [
    delivery(5, 1, '{"v":1}'),
    delivery(6, 1, '{"v":1}'),
    delivery(0, 1, '{"v":1}'),
    delivery(0, 1, '{"v":1}'),
  ];
  const { rows } = batchOf(...equal);
  expect(new Set(rows.map(({ messageId }) => messageId)).size).toBe(4);
});

test('what a message becomes is counted as held, before it is known too', async () => {
  const unpacked = `[${Array(200).fill('{"v":1.25}')}]`;
  const zipped = deliveryTo(TOPIC, gzipSync(unpacked), { properties: { contentType: 'application/gzip' } });
  const known = batchOf(zipped);
  expect(known).toMatchObject({ messages: 1, rows: { length: 200 }, repeats: [] });
  expect(known.bytes).toBeGreaterThan(200 * 600);
  let routes: Route | undefined;
  const learning = new Batch({
    ...registry,
    find: () => routes,
    learn: async () => {
      routes = route;
      return new Map();
    },
  });
  learning.add(zipped);
  expect(learning.bytes).toBeGreaterThanOrEqual(known.bytes);
  await learning.settle();
  expect(learning.bytes).toBe(known.bytes);
  // A plain object needs no reserve.
  expect(batchOf(delivery(1, 1)).bytes).toBeLessThan(1000);
});

test('readings of an array that lie in the same packet are told apart from a redelivery of it', () => {
  const array = (again: boolean) => delivery(5, 1, '[{"v":1},{"v":2}]', again);
  expect(batchOf(array(false))).toMatchObject({ rows: { length: 2 } });
  expect(batchOf(array(false), array(true))).toMatchObject({ rows: { length: 2 }, repeats: { length: 2 } });
});

test('a long topic is counted as held', () => {
  const topic = 'x'.repeat(4000);
  expect(batchOf(deliveryTo(topic, '{}')).bytes).toBeGreaterThan(2 * topic.length);
});

test('a canary among messages that are set aside has come, and becomes no dead letter', () => {
  const canary = deliveryTo(CANARY_TOPIC, '1795262400000 svc-ingest svc-ingest', { tag: 2 });
  const batch = batchOf(delivery(1, 1), canary).setAside('57014: too long');
  expect(batch).toMatchObject({ messages: 2, deadLetters: { length: 1 } });
  expect(batch.canaries).toEqual([{ at: 1_795_262_400_000, session: 'svc-ingest svc-ingest' }]);
});

test('a reading that others are compared with is hashed once, and one that is not when it is written', () => {
  const [first, other, later] = ['{"ts":1795262400,"v":1}', '{"ts":1795262400,"v":2}', '{"ts":1795262401}'];
  const { rows } = batchOf(delivery(1, 1, first), delivery(2, 1, other), delivery(3, 1, later));
  expect(rows.map(({ id }) => id)).toEqual([rows[0]!.messageId, rows[1]!.messageId, undefined]);
  expect(new Set(rows.map(({ messageId }) => messageId)).size).toBe(3);
});
