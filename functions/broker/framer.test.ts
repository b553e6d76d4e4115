// Packets arrive whole, however the stream is cut; of one beyond all bounds a beginning does.
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { expect, test } from 'vitest';
import type { Delivery } from '../source/delivery.ts';
import { createFramer, MAX_PACKET_BYTES } from './framer.ts';
import { readPublish } from './publish.ts';

/** Feeds bytes in pieces of the given sizes, over and over, and returns the deliveries. */
function receive(bytes: Buffer, sizes: readonly number[]): Delivery[] {
  const deliveries: Delivery[] = [];
  const feed = createFramer((chunk, start, body, end, truncated) =>
    deliveries.push(readPublish(chunk, start, body, end, truncated, { connection: 1 }, 0)),
  );
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    feed(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return deliveries;
}

const message = fc.record({
  topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((topic) => !/[+#\0]/.test(topic)),
  payload: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  qos: fc.constantFrom(0 as const, 1 as const),
  messageId: fc.integer({ min: 1, max: 65_535 }),
  id: fc.option(fc.string({ minLength: 1, maxLength: 200 }), { nil: undefined }),
  dup: fc.boolean(),
});

test('any packets, cut anywhere, arrive as they were sent', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (sent, sizes) => {
        const bytes = Buffer.concat(
          sent.map(({ topic, payload, qos, messageId, id, dup }) =>
            generate(
              {
                cmd: 'publish' as const,
                topic,
                payload,
                qos,
                messageId,
                retain: false,
                dup: qos === 1 && dup,
                properties: id === undefined ? {} : { userProperties: { message_id: id } },
              },
              { protocolVersion: 5 },
            ),
          ),
        );
        expect(
          receive(bytes, sizes).map(({ topic, payload, tag, again, properties }) => ({
            topic,
            payload: payload.toString('hex'),
            tag,
            again,
            id: properties?.id,
          })),
        ).toEqual(
          sent.map(({ topic, payload, qos, messageId, id, dup }) => ({
            topic,
            payload: payload.toString('hex'),
            tag: qos === 0 ? 0 : messageId,
            again: qos === 1 && dup,
            id,
          })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('of a packet beyond all bounds a beginning is kept, the rest is skipped, and the next packet is read', () => {
  const publish = (payload: Buffer, messageId: number) =>
    generate(
      { cmd: 'publish', topic: 'big', payload, qos: 1, messageId, dup: false, retain: false },
      { protocolVersion: 5 },
    );
  const bytes = Buffer.concat([publish(Buffer.alloc(3 * MAX_PACKET_BYTES), 1), publish(Buffer.from('small'), 2)]);
  const [big, small] = receive(bytes, [65_536]);
  expect(big).toMatchObject({ topic: 'big', tag: 1, truncated: true });
  expect(big!.payload.length).toBeLessThan(MAX_PACKET_BYTES);
  expect(small).toMatchObject({ tag: 2, truncated: false, payload: Buffer.from('small') });
});
