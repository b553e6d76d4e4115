// In which order messages are acknowledged.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliveryTo } from '../../tests/support/store-rig.ts';
import { createAcknowledger, type Received } from './acknowledge.ts';

test('whatever the order of commits, acknowledgements keep the order of receipt, and the gate is told of each message once', () => {
  const message = fc.record({ isCommitted: fc.boolean(), isQos0: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 60 }),
      fc.nat(60),
      fc.infiniteStream(fc.nat()),
      (messages, firstOnes, random) => {
        const sent: Received[] = [];
        const acknowledger = createAcknowledger((received) => sent.push(received));
        const deliveries = messages.map(({ isQos0 }, n) => {
          // Packet identifiers of both connections are the same ones.
          const [lane, place] = n < firstOnes ? [1, n] : [2, n - firstOnes];
          return deliveryTo('t', 'x'.repeat(n), { lane, tag: isQos0 ? 0 : place + 1 });
        });
        const all = deliveries.map((delivery, n) => ({ delivery, ...messages[n]! }));
        const settleSome = (left: typeof all, most: number) => {
          for (let n = 0; n < most && left.length > 0; n++) {
            const [next] = left.splice((random.next().value as number) % left.length, 1);
            acknowledger.settle([next!.delivery], next!.isCommitted);
          }
        };
        const ofFirst = all.slice(0, firstOnes);
        for (const { delivery } of ofFirst) acknowledger.add(delivery);
        settleSome(ofFirst, firstOnes / 2);
        const before = sent.length;
        const ofSecond = all.slice(firstOnes);
        for (const { delivery } of ofSecond) acknowledger.add(delivery);
        settleSome([...ofFirst, ...ofSecond], Number.POSITIVE_INFINITY);

        // Nothing of QoS 0 stays on the broker, and what was left there does.
        const passed = ofSecond.filter(({ delivery, isCommitted }) => delivery.tag === 0 || isCommitted);
        const later = sent.slice(before);
        if (ofSecond.length > 0) {
          expect(new Set(later.map(({ connection }) => connection))).toEqual(new Set([2]));
          const ids = passed.map(({ delivery }) => delivery.tag).filter((id) => id !== 0);
          expect(later.flatMap(({ packetIds }) => packetIds)).toEqual(ids);
          const bytes = passed.reduce((sum, { delivery }) => sum + delivery.payload.length, 0);
          expect(later.reduce((sum, { done }) => sum + done.messages, 0)).toBe(passed.length);
          expect(later.reduce((sum, { done }) => sum + done.bytes, 0)).toBe(bytes);
        }
        // Of the first connection: the first ones that are done with, as far as they were before it ended.
        const inOrder = all
          .slice(0, firstOnes)
          .filter(({ delivery, isCommitted }) => delivery.tag !== 0 && isCommitted);
        const ids = sent.slice(0, before).flatMap(({ packetIds }) => packetIds);
        expect(ids).toEqual(inOrder.slice(0, ids.length).map(({ delivery }) => delivery.tag));
      },
    ),
  );
});
