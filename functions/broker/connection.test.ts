// What a real broker does too rarely to wait for, from a scripted one.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, type IUnsubscribePacket, type Packet, parser } from 'mqtt-packet';
import { expect, onTestFinished, test } from 'vitest';
import type { FormerFilters } from './client.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import type { Delivery } from '../source/delivery.ts';
import { BrokerRefusal } from './reason-codes.ts';
import { createStampReader } from './stamp.ts';

type Answer = (packet: Packet, send: (packet: Packet | Buffer) => void) => void;

/** A broker that answers as told, and a connection to it. */
async function connectTo(answer: Answer, more: Partial<ConnectionOptions> = {}) {
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
    username: 'u',
    password: 'p',
    ca: undefined,
    clientId: 'c',
    receiveMaximum: 10,
    number: 1,
    now: Date.now,
    patience: { goodbyeMs: 50 },
    onDelivery: (delivery) => deliveries.push(delivery),
    ...more,
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
    if (OF_SUBSCRIPTIONS.test(packet.cmd)) send(answerTo(packet));
    more(packet, send);
  };

const OF_SUBSCRIPTIONS = /subscribe$/;
/** A SUBACK that grants QoS 1, or an UNSUBACK: a reason code a filter. */
const answerTo = (packet: Packet): Packet =>
  packet.cmd === 'subscribe'
    ? ({ cmd: 'suback', messageId: packet.messageId!, granted: packet.subscriptions.map(() => 1) } as Packet)
    : ({
        cmd: 'unsuback',
        messageId: packet.messageId!,
        granted: (packet as IUnsubscribePacket).unsubscriptions.map(() => 0),
      } as Packet);

test('asks for a session that stays, and for the telemetry of all devices without retained messages', async () => {
  const { connection, received } = await connectTo(accepting());
  expect(await connection.subscribed).toBe(true);
  expect(received).toMatchObject([
    { cmd: 'connect', clean: false, properties: { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: 10 } },
    { cmd: 'subscribe', subscriptions: [{ topic: 'tenants/+/devices/+/telemetry/#', qos: 1, rh: 2 }] },
    {
      cmd: 'subscribe',
      subscriptions: [
        { topic: 'tenants/+/devices/+/reported', qos: 1, rh: 2 },
        { topic: 'tenants/+/devices/+/acks', qos: 1, rh: 2 },
        { topic: 'tenants/+/devices/+/-', qos: 1, rh: 2 },
        { topic: '$SYS/broker/gate/tenants/+', qos: 0, rh: 0 },
      ],
    },
    // Of a session that a former release made; with both, each message would come twice.
    { cmd: 'unsubscribe', unsubscriptions: ['tenants/+/devices/+/telemetry'] },
  ]);
});

const FILTER = 'tenants/+/devices/+/telemetry/#';
const REPORTS = ['tenants/+/devices/+/reported', 'tenants/+/devices/+/acks'];
const NO_CHANNEL = 'tenants/+/devices/+/-';
const COUNTERS = '$SYS/broker/gate/tenants/+';
const FORMER = 'tenants/+/devices/+/telemetry';
/** What subscriptions a client asked for and ended, in order. */
const subscriptionsOf = (packets: Packet[]) =>
  packets
    .filter(({ cmd }) => OF_SUBSCRIPTIONS.test(cmd))
    .map((packet) =>
      packet.cmd === 'subscribe'
        ? packet.subscriptions.map(({ topic, qos, rh }) => `${topic} ${qos} ${rh}`)
        : (packet as IUnsubscribePacket).unsubscriptions,
    );

test('follows what devices keep from before the platform, on the same connection', async () => {
  let former: FormerFilters = { subscribe: ['devices/+/#'], unsubscribe: ['old/+/#'] };
  const { connection, received } = await connectTo(accepting(), { former: () => former });
  connection.resubscribe();
  await connection.subscribed;
  former = { subscribe: ['device/+/#'], unsubscribe: ['devices/+/#'] };
  connection.resubscribe();
  await expect.poll(() => subscriptionsOf(received)).toHaveLength(6);
  expect(subscriptionsOf(received)).toEqual([
    [`${FILTER} 1 2`],
    [...REPORTS.map((filter) => `${filter} 1 2`), `${NO_CHANNEL} 1 2`, `${COUNTERS} 0 0`, 'devices/+/# 1 2'],
    [FORMER, 'old/+/#'],
    [`${FILTER} 1 2`],
    [...REPORTS.map((filter) => `${filter} 1 2`), `${NO_CHANNEL} 1 2`, `${COUNTERS} 0 0`, 'device/+/# 1 2'],
    [FORMER, 'devices/+/#'],
  ]);
  expect(received.filter(({ cmd }) => cmd === 'connect')).toHaveLength(1);
});

test('ends them all when it leaves', async () => {
  const former = () => ({ subscribe: ['devices/+/#'], unsubscribe: ['old/+/#'] });
  const { connection, received } = await connectTo(accepting(), { former, subscription: 'end' });
  await connection.subscribed;
  expect(subscriptionsOf(received)).toEqual([
    [FILTER, ...REPORTS, NO_CHANNEL, COUNTERS, 'devices/+/#', FORMER, 'old/+/#'],
  ]);
});

test('asks for many first words in packets that the broker takes, and is subscribed when all are answered', async () => {
  const words = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(64, 'x')}/+/#`);
  let answers = 0;
  const answer: Answer = (packet, send) => {
    if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
    if (OF_SUBSCRIPTIONS.test(packet.cmd)) send(answerTo(packet));
    if (packet.cmd === 'subscribe') answers += 1;
  };
  const { connection, received } = await connectTo(answer, { former: () => ({ subscribe: words, unsubscribe: [] }) });
  await connection.subscribed;
  const packets = received.filter(({ cmd }) => cmd === 'subscribe');
  expect(answers).toBe(packets.length);
  expect(subscriptionsOf(packets).flat()).toHaveLength(1005);
  for (const packet of packets) expect(generate(packet, { protocolVersion: 5 }).length).toBeLessThan(4096);
});

test('no two requests under way have the same packet identifier, and the last answer is the one that counts', async () => {
  const former = () => ({ subscribe: ['devices/+/#'], unsubscribe: ['old/+/#'] });
  let send: (packet: Packet) => void = () => {};
  const silent: Answer = (packet, sendNow) => {
    send = sendNow;
    if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
  };
  const { connection, received, deliveries } = await connectTo(silent, { former });
  const requests = () => received.filter(({ cmd }) => OF_SUBSCRIPTIONS.test(cmd));
  await expect.poll(requests).toHaveLength(3);
  connection.resubscribe();
  await expect.poll(requests).toHaveLength(6);
  expect(new Set(requests().map(({ messageId }) => messageId)).size).toBe(6);
  const answer = (packet: Packet) => send(answerTo(packet));
  const [first, ...others] = requests();
  for (const packet of others) answer(packet);
  // It comes behind the answers: once it is here, they are.
  send({ cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false });
  await expect.poll(() => deliveries).toHaveLength(1);
  const waiting = Symbol('waiting');
  expect(await Promise.race([connection.subscribed, Promise.resolve(waiting)])).toBe(waiting);
  answer(first!);
  expect(await connection.subscribed).toBe(true);
});

test('a former topic that is not granted leaves all other messages coming; telemetry that is not ends the connection', async () => {
  const refusing =
    (topic: string): Answer =>
    (packet, send) => {
      if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
      if (packet.cmd === 'unsubscribe') send(answerTo(packet));
      if (packet.cmd !== 'subscribe') return;
      const granted = packet.subscriptions.map((each) => (each.topic === topic ? 0x87 : 1));
      send({ cmd: 'suback', messageId: packet.messageId!, granted } as Packet);
    };
  const former = () => ({ subscribe: ['devices/+/#'], unsubscribe: [] });
  const { connection } = await connectTo(refusing('devices/+/#'), { former });
  expect(await connection.subscribed).toBe(true);
  const other = await connectTo(refusing(FILTER), { former });
  expect(await other.connection.ended).toMatchObject({ reasonCode: 0x87 });
});

test.each([
  ['with a gate, which is told what is done since the connection began', createStampReader(Buffer.alloc(16))],
  ['without a gate', undefined],
])('acknowledges only when told, in order, even before the subscription is confirmed; %s', async (_, readStamp) => {
  const answer: Answer = (packet, send) => {
    if (packet.cmd !== 'connect') return;
    send({ cmd: 'connack', reasonCode: 0, sessionPresent: true });
    for (const messageId of [3, 9, 65_535]) {
      send({ cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId, dup: messageId === 9, retain: false });
    }
  };
  const { connection, received, deliveries } = await connectTo(answer, { readStamp });
  await expect
    .poll(() => deliveries.map(({ tag, again }) => [tag, again]))
    .toEqual([
      [3, false],
      [9, true],
      [65_535, false],
    ]);
  expect(received.map(({ cmd }) => cmd)).not.toContain('puback');
  connection.acknowledge([3, 9], { messages: 3, bytes: 10 });
  connection.acknowledge([65_535], { messages: 1, bytes: 2 });
  connection.resubscribe();
  await expect.poll(() => received.filter(({ cmd }) => cmd === 'subscribe').length).toBeGreaterThan(2);
  const acknowledged = () => received.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId);
  await expect.poll(acknowledged).toEqual([3, 9, 65_535]);
  const told = received.flatMap((packet) => (packet.cmd === 'publish' ? [`${packet.topic} ${packet.payload}`] : []));
  expect(told).toEqual(readStamp ? ['$gate/done 3 10', '$gate/done 4 12'] : []);
});

test.each([
  ['a refused user', 'connect', { cmd: 'connack', reasonCode: 0x86, sessionPresent: false }, /Bad User Name or/, 0x86],
  ['a session taken over', 'subscribe', { cmd: 'disconnect', reasonCode: 0x8e }, /Session taken over/, 0x8e],
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
])('%s ends the connection', async (_, bytes) => {
  const { connection } = await connectTo(accepting((packet, send) => packet.cmd === 'subscribe' && send(bytes)));
  expect((await connection.ended).message).toMatch(/malformed/);
});

test('a broker that wants no pings gets none', async () => {
  const { connection, received } = await connectTo(accepting(undefined, 0));
  await connection.subscribed;
  await sleep(100);
  expect(received.filter(({ cmd }) => cmd === 'pingreq')).toEqual([]);
  await connection.disconnect();
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
