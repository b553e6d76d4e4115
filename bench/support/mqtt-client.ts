// A thin MQTT 5 client for measuring: as little as possible between the socket and the numbers.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import mqtt, { type Packet } from 'mqtt-packet';

/** How to sign in. */
export interface ClientOptions {
  host: string;
  port: number;
  /** PEM file of the CA. */
  caFile: string;
  /** Name the broker's certificate must be valid for. Default: localhost. */
  name?: string;
  username: string;
  password: string;
  clientId: string;
  /** Address to connect from. Default: the kernel's choice. */
  localAddress?: string;
  /** Seconds the session outlives its connection. Default: 0, and the session starts empty. */
  sessionSeconds?: number;
  /** Messages that the broker may send before one is acknowledged. Default: 10,000. */
  receiveMaximum?: number;
}

/** A signed-in connection. */
export interface Client {
  socket: TLSSocket;
  /** The broker had this session before. */
  sessionPresent: boolean;
  /** Resolves when the connection has ended, for whatever reason. */
  closed: Promise<void>;
  /** Replaces the receiver of every further packet. */
  onPacket(receive: (packet: Packet) => void): void;
  send(packet: Packet): boolean;
  close(): Promise<void>;
}

const PROTOCOL = { protocolVersion: 5 } as const;

/** Connects and signs in. @throws Error with the reason code of a refusal, or when the connection ends before. */
export async function connectClient(options: ClientOptions): Promise<Client> {
  const {
    host,
    port,
    caFile,
    name = 'localhost',
    username,
    password,
    clientId,
    localAddress,
    sessionSeconds = 0,
    receiveMaximum = 10_000,
  } = options;
  const from = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ host, port, ca: readFileSync(caFile), servername: name, ...from });
  socket.setNoDelay();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'secureConnect');
  socket.on('error', () => {}); // Brokers are killed on purpose; 'close' follows.
  const parser = mqtt.parser(PROTOCOL);
  const signedIn = Promise.withResolvers<boolean>();
  let receive = (packet: Packet) => {
    if (packet.cmd === 'connack' && packet.reasonCode === 0) return signedIn.resolve(packet.sessionPresent);
    signedIn.reject(
      new Error(`${clientId}: the broker answered ${packet.cmd} ${'reasonCode' in packet ? packet.reasonCode : ''}`),
    );
  };
  parser.on('packet', (packet) => receive(packet));
  parser.on('error', (error) => socket.destroy(error));
  socket.on('data', (data) => parser.parse(data));
  closed.then(() => signedIn.reject(new Error(`${clientId}: the broker closed the connection`)));
  const send = (packet: Packet) => socket.write(mqtt.generate(packet, PROTOCOL));
  send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    keepalive: 60,
    clientId,
    username,
    password: Buffer.from(password),
    clean: sessionSeconds === 0,
    properties: { sessionExpiryInterval: sessionSeconds, receiveMaximum },
  });
  const sessionPresent = await signedIn.promise;
  return {
    socket,
    sessionPresent,
    closed,
    send,
    onPacket: (next) => {
      receive = next;
    },
    close: async () => {
      send({ cmd: 'disconnect', reasonCode: 0 } as Packet);
      socket.end();
      const timer = setTimeout(() => socket.destroy(), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}
