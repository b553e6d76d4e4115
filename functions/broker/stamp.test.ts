// Stamps: read when the MAC is right, refused when anything of message or stamp was changed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { createStamper } from '../../tests/support/stamps.ts';
import { createFramer } from './framer.ts';
import { readPublish } from './publish.ts';
import { createSipHash } from './siphash.ts';
import { createStampReader } from './stamp.ts';

const vectors: {
  siphash: { key: string; macs: string[] };
  stamps: { key: string; topic: string; stamp: string }[];
} = JSON.parse(readFileSync(join(ROOT, 'provisioning/broker/gate/stamp.vectors.json'), 'utf8'));
const hex = (text: string) => Buffer.from(text, 'hex');

test('SipHash is the one of its authors', () => {
  const hash = createSipHash(hex(vectors.siphash.key));
  const message = Uint8Array.from({ length: 64 }, (_, index) => index);
  const macs = vectors.siphash.macs.map((_, length) => Buffer.from(hash(message, 0, length)).toString('hex'));
  expect(macs).toEqual(vectors.siphash.macs);
  // Of the paper's appendix: 15 bytes.
  expect(macs[15]).toBe('e545be4961ca29a1');
  for (let cut = 0; cut <= message.length; cut++) {
    const rest = createSipHash(hex(vectors.siphash.key), message.slice(0, cut));
    const begun = macs.slice(cut).map((_, length) => Buffer.from(rest(message, cut, cut + length)).toString('hex'));
    expect(begun).toEqual(macs.slice(cut));
  }
});

/** Reads one PUBLISH with these user properties as the consumer does. */
function receive(topic: string, userProperties: Record<string, string | string[]>, key: Buffer, more = {}) {
  const bytes = generate(
    {
      cmd: 'publish',
      topic,
      payload: '{}',
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
      properties: { userProperties, ...more },
    },
    { protocolVersion: 5 },
  );
  const options = { connection: 1, readStamp: createStampReader(key) };
  const deliveries: ReturnType<typeof readPublish>[] = [];
  createFramer((chunk, start, body, end, truncated) =>
    deliveries.push(readPublish(chunk, start, body, end, truncated, options, 0)),
  )(bytes);
  return deliveries[0]!;
}

test.each(vectors.stamps)('$stamp', ({ key, topic, stamp }) => {
  const [ms, boot, counter, note] = stamp.split('.');
  expect(receive(topic, { gate: stamp }, hex(key)).stamp).toEqual({
    receivedAt: Number(ms),
    boot,
    counter: Number(counter),
    note,
  });
});

test('the last stamp counts, whatever else stands there', () => {
  const [first, , other] = vectors.stamps;
  const { key, topic, stamp } = first!;
  const more = { contentType: 'application/json', payloadFormatIndicator: true, messageExpiryInterval: 60 };
  const topics = { responseTopic: 'x', correlationData: hex('00ff'), subscriptionIdentifier: 300 };
  const own = { message_id: ['a', 'b'], ts: '1', other: 'x', gate: [other!.stamp, 'nonsense', stamp] };
  const delivery = receive(topic, own, hex(key), { ...more, ...topics });
  expect(delivery).toMatchObject({
    stamp: { counter: 1 },
    properties: { id: 'b', ts: '1', contentType: 'application/json' },
  });
  expect(receive(topic, { gate: [stamp, other!.stamp] }, hex(key)).stamp).toBe('forged');
  expect(receive(topic, { message_id: 'a' }, hex(key)).stamp).toBeUndefined();
});

test('a stamp of another topic, another key or with any character changed is forged', () => {
  const topic = 'tenants/acme/devices/pump-1/telemetry';
  const stamper = createStamper();
  const key = hex(stamper.key);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(...'0123456789abcdef.z/-_ é\0'),
      fc.constantFrom('', 'z1', 'ca/b'),
      (n, c, note) => {
        const stamp = stamper.properties(topic, { note }).userProperties.gate!;
        expect(receive(topic, { gate: stamp }, key).stamp).toMatchObject({ note });
        const at = n % stamp.length;
        if (stamp[at] === c) return;
        for (const changed of [
          stamp.slice(0, at) + c + stamp.slice(at + 1),
          stamp.slice(0, at) + stamp.slice(at + 1),
        ]) {
          expect(receive(topic, { gate: changed }, key).stamp).toBe('forged');
        }
      },
    ),
  );
  const stamp = stamper.properties(topic).userProperties.gate!;
  expect(receive(`${topic}/x`, { gate: stamp }, key).stamp).toBe('forged');
  expect(receive(topic, { gate: stamp }, hex(createStamper().key)).stamp).toBe('forged');
  for (const short of ['', '.', '0'.repeat(17)]) expect(receive(topic, { gate: short }, key).stamp).toBe('forged');
});
