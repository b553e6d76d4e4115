// A broker that plays a script of bytes. No real broker can be made to break the standard at a given moment, so what it may do wrong is
// played here, and nothing else: what a good broker does is tried on Mosquitto (lab/, functions/ingest/).
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type IUnsubscribePacket, type Packet, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import type { Delivery } from '../../source/delivery.ts';
import { type ConnectionOptions, openConnection } from '../connection.ts';

/** Bytes written in hexadecimal, spaces as you like. */
export const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** What the broker sends when such a packet has come; undefined: what a good broker answers. */
export type Script = (packet: Packet) => Buffer | 'close' | undefined;

/** A broker that answers as the standard asks, but for one packet. */
export function playAt(cmd: Packet['cmd'], bytes: Buffer | 'close'): Script {
  let done = false;
  return (packet) => {
    if (done || packet.cmd !== cmd) return undefined;
    done = true;
    return bytes;
  };
}

/** CONNACK with these properties. */
export function connack(properties = '', reasonCode = '00', flags = '00'): Buffer {
  const body = hex(properties);
  return Buffer.concat([
    Buffer.from([0x20, body.length + 3]),
    hex(flags),
    hex(reasonCode),
    Buffer.from([body.length]),
    body,
  ]);
}

/** A broker that accepts the connection with these properties of CONNACK. */
export const accepts = (properties: string): Script => playAt('connect', connack(properties));

/** A broker that never answers such a packet. */
export const silentOn =
  (cmd: Packet['cmd']): Script =>
  (packet) =>
    packet.cmd === cmd ? Buffer.alloc(0) : undefined;

/** The answer of a good broker. */
function goodAnswer(packet: Packet): Buffer | undefined {
  const answer = (type: number, codes: number[]) => {
    const id = packet.messageId as number;
    return Buffer.from([type, codes.length + 3, id >> 8, id & 255, 0, ...codes]);
  };
  if (packet.cmd === 'connect') return connack();
  if (packet.cmd === 'subscribe')
    return answer(
      0x90,
      packet.subscriptions.map(({ qos }) => qos),
    );
  if (packet.cmd === 'unsubscribe')
    return answer(
      0xb0,
      (packet as IUnsubscribePacket).unsubscriptions.map(() => 0),
    );
  if (packet.cmd === 'pingreq') return hex('d000');
  if (packet.cmd === 'publish') return answer(0x40, []).subarray(0, 4).fill(2, 1, 2);
  return undefined;
}

/** Short enough for a test to wait; long enough for a busy machine to answer in. */
const PATIENCE = { connectMs: 5_000, answerMs: 5_000, goodbyeMs: 5_000 };

/** The broker, and a connection to it. */
export async function play(script: Script, more: Partial<ConnectionOptions> = {}) {
  const received: Packet[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const packets = parser({ protocolVersion: 5 });
    packets.on('packet', (packet: Packet) => {
      received.push(packet);
      if (packet.cmd === 'disconnect') return socket.end();
      const bytes = script(packet) ?? goodAnswer(packet);
      if (bytes === 'close') socket.end();
      else if (bytes) socket.write(bytes);
    });
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = countResources();
  const deliveries: Delivery[] = [];
  const notes: string[] = [];
  const connection = openConnection({
    broker: { host: '127.0.0.1', port, tls: false },
    username: 'u',
    password: 'p',
    ca: undefined,
    clientId: 'c',
    receiveMaximum: 10,
    number: 1,
    now: Date.now,
    onDelivery: (delivery) => deliveries.push(delivery),
    onNote: (note) => notes.push(note),
    patience: PATIENCE,
    ...more,
  });
  onTestFinished(async () => {
    await connection.disconnect();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    connection,
    received,
    deliveries,
    notes,
    /** Sends without having been asked. */
    send: (bytes: Buffer) => {
      for (const socket of sockets) socket.write(bytes);
    },
    /** The reason code of the client's DISCONNECT; undefined if there was none. */
    goodbye: () => received.flatMap((packet) => (packet.cmd === 'disconnect' ? [packet.reasonCode ?? 0] : []))[0],
    /** Sockets and timers that the connection has left behind. */
    left: async () => {
      for (const socket of sockets) await new Promise((resolve) => socket.once('close', resolve));
      // The handle of a closed socket goes with the next turn.
      await new Promise(setImmediate);
      return Math.max(0, countResources() - before);
    },
  };
}

const countResources = () =>
  process.getActiveResourcesInfo().filter((kind) => ['TCPSocketWrap', 'Timeout'].includes(kind)).length;
