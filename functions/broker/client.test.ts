// The state machine of client.ts under any packets, in any order, cut anywhere: no socket, and the time is a number.
import fc from 'fast-check';
import { type Packet, parser } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { createClient } from './client.ts';
import { connack, hex } from './testing/scripted-broker.ts';

const PATIENCE = { connectMs: 10_000, answerMs: 15_000 };

/** A machine after CONNECT, and what it has done. */
function start() {
  const did: string[] = [];
  const sent: Packet[] = [];
  const packets = parser({ protocolVersion: 5 });
  packets.on('packet', (packet: Packet) => sent.push(packet));
  let end: Error | undefined;
  const after = (what: string) => {
    // Nothing follows the end.
    expect(end, what).toBeUndefined();
    did.push(what);
  };
  const client = createClient(
    { username: 'u', password: 'p', clientId: 'c', receiveMaximum: 10, connection: 1, patience: PATIENCE },
    {
      send: (bytes) => {
        after(`send ${bytes.toString('hex')}`);
        packets.parse(bytes);
      },
      deliver: ({ topic, tag, payload }) => after(`deliver ${topic} ${tag} ${payload.toString('hex')}`),
      subscribed: (sessionPresent) => after(`subscribed ${sessionPresent}`),
      note: (message) => after(`note ${message}`),
      end: (reason, goodbye) => {
        after(`end ${reason.message} ${goodbye?.toString('hex')}`);
        end = reason;
      },
    },
    0,
  );
  client.connected();
  return { client, did, sent, ended: () => end };
}

const id = fc.integer({ min: 0, max: 6 });
const code = fc.constantFrom(0, 1, 2, 0x10, 0x11, 0x80, 0x87, 0x97, 0xf0);
const two = (n: number) => n.toString(16).padStart(4, '0');
const one = (n: number) => n.toString(16).padStart(2, '0');
/** Packets that a good or a bad broker may send, most of them well-formed. */
const packet = fc.oneof(
  { weight: 4, arbitrary: fc.constant(connack()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('13 0000', '13 ffff', '27 00000014', '21 0001', '11 00000000').map((p) => connack(p)),
  },
  { weight: 1, arbitrary: code.map((reason) => connack('', one(reason))) },
  { weight: 4, arbitrary: fc.constant(hex('90 04 0001 00 01 90 07 0002 00 01 01 01 00 b0 04 0003 00 00')) },
  { weight: 4, arbitrary: fc.tuple(id, code).map(([n, reason]) => hex(`90 04 ${two(n)} 00 ${one(reason)}`)) },
  { weight: 2, arbitrary: fc.tuple(id, code).map(([n, reason]) => hex(`b0 04 ${two(n)} 00 ${one(reason)}`)) },
  { weight: 2, arbitrary: fc.tuple(id, code).map(([n, reason]) => hex(`40 03 ${two(n)} ${one(reason)}`)) },
  { weight: 6, arbitrary: id.map((n) => hex(`32 07 0001 74 ${two(n)} 00 78`)) },
  { weight: 2, arbitrary: fc.constantFrom('d000', 'e000', 'e0028b00', '30 05 0001 74 00 78', 'f000', 'c000').map(hex) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
);
const stream = fc.array(packet, { maxLength: 14 }).map((packets) => Buffer.concat(packets));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

test('any packets in any order: however they are cut, the same is done, and it ends once, in words', () => {
  fc.assert(
    fc.property(fc.boolean(), stream, sizes, (isAccepted, rest, cuts) => {
      const bytes = isAccepted ? Buffer.concat([connack(), rest]) : rest;
      const whole = start();
      whole.client.receive(bytes, 1, 1);
      const parts = start();
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = cuts[turn % cuts.length] as number;
        parts.client.receive(bytes.subarray(at, at + size), 1, 1);
        at += size;
      }
      expect(parts.did).toEqual(whole.did);
      const reason = whole.ended();
      if (!reason) return;
      expect(reason.message).toMatch(/^the broker [\x20-\x7e…]{1,400}$/);
      expect(whole.client.deadline()).toBe(Number.POSITIVE_INFINITY);
      whole.client.acknowledge([1], { messages: 1, bytes: 1 });
      whole.client.resubscribe(2);
      whole.client.receive(bytes, 2, 2);
      whole.client.tick(100_000);
      whole.client.lost();
    }),
    { numRuns: 3000 },
  );
});

test('whatever it has received, silence ends it: each deadline is later than its predecessor, and no packet identifier is in use twice', () => {
  fc.assert(
    fc.property(stream, fc.boolean(), (rest, wantsNoPings) => {
      const { client, sent, ended } = start();
      client.receive(Buffer.concat([connack(wantsNoPings ? '13 0000' : ''), rest]), 1, 1);
      client.resubscribe(2);
      const ids = sent.flatMap(({ cmd, messageId }) => (cmd.endsWith('subscribe') ? [messageId] : []));
      if (!ended()) expect(new Set(ids).size).toBe(ids.length);
      let now = 2;
      for (let turns = 0; !ended() && client.deadline() < Number.POSITIVE_INFINITY; turns++) {
        expect(turns).toBeLessThan(10);
        const due = client.deadline();
        expect(due).toBeGreaterThan(now);
        // A timer may go off early: then nothing happens.
        client.tick(due - 0.5);
        expect(client.deadline()).toBe(due);
        now = due;
        client.tick(now);
      }
      // Only a broker that wants no pings, and owes nothing, may be silent indefinitely.
      if (!ended()) expect(wantsNoPings).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('[MQTT-2.2.1-3] when the packet identifiers begin again, those that still wait for an answer are left out', () => {
  const { client, sent } = start();
  client.receive(connack(), 0, 0);
  let answers = 0;
  for (let n = 4; n <= 0xffff; n++) {
    client.publish('t', '', () => answers++, 0);
    client.receive(hex(`40 02 ${two(n)}`), 0, 0);
  }
  expect(answers).toBe(0xffff - 3);
  client.publish('t', '', () => {}, 0);
  // SUBSCRIBE and UNSUBSCRIBE 1 to 3 are not answered yet.
  expect(sent.at(-1)).toMatchObject({ cmd: 'publish', messageId: 4 });
});

test('time in which reading is paused does not count, and any byte shows life', () => {
  const { client, ended, sent } = start();
  client.receive(connack(), 0, 0);
  client.pause(1_000);
  for (const at of [15_000, 30_000, 45_000]) client.tick(at);
  expect(sent.filter(({ cmd }) => cmd === 'pingreq')).toHaveLength(3);
  client.resume(60_000);
  client.tick(73_000);
  expect(ended()).toBeUndefined();
  client.receive(hex('90 04 0001 00 01 90 07 0002 00 01 01 01 00 b0 04 0003 00 00'), 73_000, 0);
  for (let at = 80_000; at < 200_000; at += 10_000) {
    client.receive(hex('30 05 0001 74 00 78'), at, 0);
    client.tick(at);
  }
  expect(ended()).toBeUndefined();
  client.tick(206_000);
  expect(ended()?.message).toBe('the broker has gone silent');
});
