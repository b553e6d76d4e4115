// Whose message is read next, and in which order messages are acknowledged.
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliveryTo } from '../../tests/support/store-rig.ts';
import type { Received } from '../broker/index.ts';
import { createAcknowledger } from './acknowledge.ts';
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

test('whatever the order of commits, acknowledgements keep the order of receipt, and the gate is told of each message once', () => {
  const message = fc.record({ connection: fc.constantFrom(1, 2), isCommitted: fc.boolean(), isQos0: fc.boolean() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), fc.infiniteStream(fc.nat()), (messages, random) => {
      const sent: Record<number, number[]> = { 1: [], 2: [] };
      const told: Record<number, ReturnType<Received['done']>> = {
        1: { messages: 0, bytes: 0 },
        2: { messages: 0, bytes: 0 },
      };
      const acknowledger = createAcknowledger((received) => {
        for (const connection of [1, 2]) {
          sent[connection]!.push(...received.acknowledgements(connection));
          const { messages: more, bytes } = received.done(connection);
          told[connection]!.messages += more;
          told[connection]!.bytes += bytes;
        }
      });
      const deliveries = messages.map(({ connection, isQos0 }, n) =>
        deliveryTo('t', 'x'.repeat(n), { connection, packetId: isQos0 ? 0 : n + 1 }),
      );
      for (const delivery of deliveries) acknowledger.add(delivery);
      const left = deliveries.map((delivery, n) => ({ delivery, isCommitted: messages[n]!.isCommitted }));
      while (left.length > 0) {
        const [next] = left.splice((random.next().value as number) % left.length, 1);
        acknowledger.settle([next!.delivery], next!.isCommitted);
      }
      for (const connection of [1, 2]) {
        // Nothing of QoS 0 stays on the broker, and what was left there does.
        const done = deliveries.filter(
          (delivery, n) => delivery.connection === connection && (delivery.packetId === 0 || messages[n]!.isCommitted),
        );
        const ids = done.map(({ packetId }) => packetId);
        expect(sent[connection]).toEqual(ids.filter((id) => id !== 0));
        const bytes = done.reduce((sum, { payload }) => sum + payload.length, 0);
        expect(told[connection]).toEqual({ messages: done.length, bytes });
      }
    }),
  );
});
