// What a real broker does too rarely to wait for, from a scripted one.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from './connection.ts';
import type { Delivery } from './delivery.ts';
import { BrokerRefusal } from './reason-codes.ts';

type Answer = (packet: Packet, send: (packet: Packet | Buffer) => void) => void;

/** A broker that answers as told, and a connection to it. */
async function connectTo(answer: Answer) {
  const received: Packet[] = [];
  const server = createServer((socket: Socket) => {
    const packets = parser({ protocolVersion: 5 });
    const send = (packet: Packet | Buffer) =>
      socket.write(Buffer.isBuffer(packet) ? packet : generate(packet, { protocolVersion: 5 }));
    packets.on('packet', (packet: Packet) => {
      received.push(packet);
      answer(packet, send);
    });
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const deliveries: Delivery[] = [];
  const connection = openConnection({
    broker: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: false },
    ...{ username: 'u', password: 'p', ca: undefined, clientId: 'c', receiveMaximum: 10, number: 1, now: Date.now },
    onDelivery: (delivery) => deliveries.push(delivery),
  });
  onTestFinished(async () => {
    await connection.disconnect();
    server.close();
  });
  return { connection, received, deliveries };
}

/** Accepts, and then does something more. */
const accepting =
  (more: Answer = () => {}, serverKeepAlive?: number): Answer =>
  (packet, send) => {
    const properties = serverKeepAlive === undefined ? {} : { serverKeepAlive };
    if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: true, properties });
    if (packet.cmd === 'subscribe') send({ cmd: 'suback', messageId: packet.messageId!, granted: [1] });
    more(packet, send);
  };

test('asks for a session that stays, and for the telemetry of all devices without retained messages', async () => {
  const { connection, received } = await connectTo(accepting());
  expect(await connection.subscribed).toBe(true);
  expect(received).toMatchObject([
    { cmd: 'connect', clean: false, properties: { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: 10 } },
    { cmd: 'subscribe', subscriptions: [{ topic: 'tenants/+/devices/+/telemetry', qos: 1, rh: 2 }] },
  ]);
});

test('acknowledges only when told, in order, even before the subscription is confirmed', async () => {
  const { connection, received, deliveries } = await connectTo((packet, send) => {
    if (packet.cmd !== 'connect') return;
    send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
    for (const messageId of [3, 9, 65_535]) {
      send({ cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId, dup: messageId === 9, retain: false });
    }
  });
  await expect
    .poll(() => deliveries.map(({ packetId, dup }) => [packetId, dup]))
    .toEqual([
      ...[
        [3, false],
        [9, true],
        [65_535, false],
      ],
    ]);
  expect(received.map(({ cmd }) => cmd)).not.toContain('puback');
  connection.acknowledge([3, 9, 65_535]);
  const acknowledged = () => received.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId);
  await expect.poll(acknowledged).toEqual([3, 9, 65_535]);
});

test.each([
  ['a refused user', 'connect', { cmd: 'connack', reasonCode: 0x86, sessionPresent: false }, /bad user name or/, 0x86],
  ['a session taken over', 'subscribe', { cmd: 'disconnect', reasonCode: 0x8e }, /session taken over/, 0x8e],
  ['a subscription at QoS 0', 'subscribe', { cmd: 'suback', messageId: 1, granted: [0] }, /did not grant/, 0],
] as const)('%s ends the connection with the reason', async (_, on, answer, message, reasonCode) => {
  const { connection } = await connectTo((packet, send) => {
    if (packet.cmd === on) send(answer as unknown as Packet);
    else if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
  });
  const reason = await connection.ended;
  expect(reason).toBeInstanceOf(BrokerRefusal);
  expect(reason).toMatchObject({ message: expect.stringMatching(message), reasonCode });
  await expect(connection.subscribed).rejects.toBe(reason);
});

test.each([
  ['a malformed length', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ['a topic longer than its packet', Buffer.from([0x32, 5, 0, 200, 0x61, 0, 1])],
  ['QoS 2, which was not asked for', Buffer.from([0x34, 6, 0, 1, 0x61, 0, 1, 0])],
])('%s ends the connection', async (_, bytes) => {
  const { connection } = await connectTo(accepting((packet, send) => packet.cmd === 'subscribe' && send(bytes)));
  expect((await connection.ended).message).toMatch(/malformed/);
});

test('a broker that answers pings is kept, one that has gone silent is left', async () => {
  const pings: Packet[] = [];
  const lively = accepting((packet, send) => {
    if (packet.cmd !== 'pingreq') return;
    pings.push(packet);
    send({ cmd: 'pingresp' });
  }, 1);
  const kept = await connectTo(lively);
  const left = await connectTo(accepting(undefined, 1));
  expect((await left.connection.ended).message).toBe('the broker has gone silent');
  await expect.poll(() => pings.length, { timeout: 5000 }).toBeGreaterThan(2);
  const still = Symbol('open');
  expect(await Promise.race([kept.connection.ended, Promise.resolve(still)])).toBe(still);
});
