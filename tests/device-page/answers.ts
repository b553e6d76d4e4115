// Speaks MQTT 3.1.1 or 5 to the broker as a device would, right or wrong, and says in words what the broker answered.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';
import type { ClientOptions } from '../../bench/support/mqtt-client.ts';

/** What a device does after it has connected, or instead. */
export interface Question {
  connect?: { username?: string | undefined; password?: string | undefined };
  /** `announced`: only the packet's beginning is sent, which says how large it is. What follows would cross the answer. */
  publish?: { topic: string; bytes?: number; qos?: 1 | 2; announced?: true };
  subscribe?: string;
  /** Connects again meanwhile. */
  twice?: true;
}

const NUMBER = 7;
const BEGINNING = 1000;
/** Ends a question that the broker answers with nothing. */
const TIMEOUT_MS = 10_000;

/** The answer, such as `PUBACK 0x87` or `DISCONNECT 0x95, closed`; a reason code is left out where the version has none. */
export async function answers(device: ClientOptions, version: 4 | 5, question: Question): Promise<string> {
  const { socket, words, signedIn, ended } = await open(device, version, question);
  const answered = Promise.withResolvers<void>();
  words.onMore = () => answered.resolve();
  let closed = false;
  ended.then(() => {
    closed = true;
    answered.resolve();
  });
  try {
    await signedIn;
    const { publish, subscribe, twice } = question;
    const bytesOf = (packet: Packet) => generate(packet, { protocolVersion: version });
    if (publish) {
      const { topic, bytes = 2, qos = 1, announced } = publish;
      const payload = Buffer.alloc(bytes, ' ').fill('{}', 0, 2);
      const packet = { cmd: 'publish', topic, payload, qos, messageId: NUMBER, dup: false, retain: false } as const;
      socket.write(bytesOf(packet).subarray(0, announced && BEGINNING));
    }
    if (subscribe) {
      socket.write(bytesOf({ cmd: 'subscribe', messageId: NUMBER, subscriptions: [{ topic: subscribe, qos: 1 }] }));
    }
    const second = twice && (await open(device, version, {}));
    const timer = setTimeout(answered.resolve, TIMEOUT_MS);
    await answered.promise;
    clearTimeout(timer);
    // A broker that refuses says so and then closes; one that only answers stays.
    if (/^(CONNACK|DISCONNECT)/.test(words.said.at(-1) ?? '')) await ended;
    second?.socket.destroy();
    return [...words.said, ...(closed ? ['closed'] : [])].join(', ');
  } finally {
    socket.destroy();
  }
}

/** Connects; what the broker says but for its welcome is collected. */
async function open(device: ClientOptions, version: 4 | 5, { connect: sign = {} }: Question) {
  const socket = connect({ ...device, ca: readFileSync(device.caFile), servername: 'localhost' });
  const signedIn = Promise.withResolvers<void>();
  const words = { said: [] as string[], onMore: () => {} };
  socket.on('error', () => {}); // 'close' follows.
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  ended.then(() => signedIn.resolve());
  const packets = parser({ protocolVersion: version });
  packets.on('packet', (packet) => {
    const isWelcome = packet.cmd === 'connack' && (packet.reasonCode ?? packet.returnCode) === 0;
    if (!isWelcome) {
      words.said.push(inWords(packet, version));
      words.onMore();
    }
    signedIn.resolve();
  });
  // mqtt-packet does not know 0x95 in a PUBACK, which Mosquitto sends anyway: read from the bytes.
  packets.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    if (bytes[0] === 0x40 && version === 5 && bytes[4] === 0x95) {
      words.said.push('PUBACK 0x95');
      words.onMore();
    } else packets.parse(bytes);
  });
  await once(socket, 'secureConnect');
  const { username, password } = { ...device, ...sign };
  const signIn = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, keepalive: 60, clean: true } as const;
  const key = password === undefined ? {} : { password: Buffer.from(password) };
  const name = username === undefined ? {} : { username };
  socket.write(generate({ ...signIn, clientId: 'device', ...name, ...key }, { protocolVersion: version }));
  return { socket, words, ended, signedIn: signedIn.promise };
}

function inWords(packet: Packet, version: 4 | 5): string {
  const name = packet.cmd.toUpperCase();
  if (packet.cmd === 'suback') return `${name} ${packet.granted}`;
  if (packet.cmd === 'connack' && version === 4) return `${name} ${packet.returnCode}`;
  if (version === 4) return name;
  const reason = 'reasonCode' in packet ? (packet.reasonCode ?? 0) : 0;
  return `${name} 0x${reason.toString(16).padStart(2, '0')}`;
}
