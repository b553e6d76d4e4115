// Whose message is read next.
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { deliveryTo } from '../../tests/support/store-rig.ts';
import { createFairQueue } from './fair-queue.ts';

test('tenants take turns, and each tenant is served in order', () => {
  const queue = createFairQueue();
  const topics = [
    'tenants/a/devices/x/telemetry',
    'tenants/a/devices/y/telemetry',
    'tenants/b/devices/x/telemetry',
    'old/1',
  ];
  const order = [0, 0, 0, 1, 0, 2, 3, 3];
  for (const [n, topic] of order.entries()) queue.push(deliveryTo(topics[topic]!, String(n)));
  expect(queue.length).toBe(8);
  expect(queue.bytes).toBeGreaterThan(8);
  const served = Array.from({ length: 8 }, () => queue.shift()!.payload.toString());
  expect(served).toEqual(['0', '5', '6', '1', '7', '2', '3', '4']);
  expect(queue.shift()).toBeUndefined();
  expect(queue).toMatchObject({ length: 0, bytes: 0 });
});

test('what was served is not kept, also of a tenant whose messages never end', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const queue = createFairQueue();
  const served: WeakRef<object>[] = [];
  for (let n = 0; n < 1000; n++) queue.push(deliveryTo('tenants/a/devices/x/telemetry', String(n)));
  for (let n = 0; n < 900; n++) served.push(new WeakRef(queue.shift()!));
  await turn();
  collectGarbage();
  expect(queue.length).toBe(100);
  expect(served.filter((each) => each.deref() !== undefined).length).toBeLessThan(served.length / 10);
});
