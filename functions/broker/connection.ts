// One MQTT 5 connection to the broker, from CONNECT to its end. It never acknowledges by itself.
import { connect as connectTcp, isIP, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions as ConnectionOptionsOfTls, connect as connectTls } from 'node:tls';
import { generate, type Packet } from 'mqtt-packet';
import { REFUSALS_FILTER } from '../../domain/refusals.ts';
import { FORMER_TELEMETRY_FILTER, NO_CHANNEL_FILTER, TELEMETRY_FILTER } from '../../domain/topics.ts';
import type { BrokerAddress } from './address.ts';
import type { Delivery } from './delivery.ts';
import { createFramer } from './framer.ts';
import { PUBLISH, parsePacket, readPublish } from './publish.ts';
import { BrokerRefusal } from './reason-codes.ts';
import { createSocketReader } from './socket-reader.ts';
import type { ReadStamp } from './stamp.ts';

/** Topic filters of a session, in addition to the platform's own topics. */
export interface FormerFilters {
  subscribe: readonly string[];
  /** Nobody may publish there any more, but the session may still be subscribed. */
  unsubscribe: readonly string[];
}

/** For the time when no device keeps a former topic. */
export const NO_FORMER: FormerFilters = { subscribe: [], unsubscribe: [] };

/** The account, and the broker. */
export interface ConnectionOptions {
  broker: BrokerAddress;
  username: string;
  password: string;
  ca: string | undefined;
  clientId: string;
  /** How many messages the broker may send before one is acknowledged, 1 to 65535. */
  receiveMaximum: number;
  /** What happens to the session's subscription; without one, queued messages are still delivered. Default: `make`. */
  subscription?: 'make' | 'end' | 'keep';
  /** Checks the stamps of the broker's gate. Default: none is expected. */
  readStamp?: ReadStamp | undefined;
  /** What it subscribes to besides, as it is now. Default: nothing. */
  former?: () => FormerFilters;
  /** Number of this connection in this process, from 1; acknowledgements carry it. */
  number: number;
  onDelivery: (delivery: Delivery) => void;
  /** The time in milliseconds since 1970, for `receivedAt`. */
  now: () => number;
}

/** A connection, from the first byte: the broker may deliver, and get answers, before it has confirmed the subscription. */
export interface Connection {
  number: number;
  /**
   * Resolves once subscribed, or as `subscription` says, with whether the broker had a session to resume; without one, nothing was
   * queued for it. Rejects with the reason if the connection ends before.
   */
  subscribed: Promise<boolean>;
  /** Acknowledges QoS 1 packets of this connection, in one write. */
  acknowledge(packetIds: readonly number[]): void;
  /** Subscribes, and ends subscriptions, as `former` says now. Before CONNACK it does nothing, because CONNACK triggers it. */
  resubscribe(): void;
  /** Stops and resumes reading; meanwhile, what the broker sends waits in network buffers, then on the broker. */
  pause(): void;
  resume(): void;
  /** Resolves when the connection has ended, with the reason. */
  ended: Promise<Error>;
  /** Disconnects and keeps the session. Resolves when the broker has closed the connection, or after two seconds. */
  disconnect(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const GOODBYE_MS = 2_000;
const KEEP_ALIVE_S = 30;
/** The session never expires on our side: the promise for an acknowledged message has no time limit. */
const NEVER_EXPIRES = 0xffff_ffff;
const PUBACK = Buffer.from([0x40, 2]);
const PINGREQ = Buffer.from([0xc0, 0]);
const MAX_PACKET_ID = 0xffff;
/** Filters in one packet: with first words of 64 characters, 40 take 2.8 kB; a broker's smallest packet limit is 5 kB. */
const MOST_FILTERS = 40;
const V5 = { protocolVersion: 5 };

/**
 * Connects and subscribes to all telemetry at QoS 1. The connection ends, with a reason, if the broker cannot be reached, has a
 * certificate that is not valid for its name, refuses, breaks the protocol, or goes silent.
 */
export function openConnection(options: ConnectionOptions): Connection {
  const reader = createSocketReader((bytes) => {
    silent = false;
    receivedAt = options.now();
    try {
      feed(bytes);
    } catch (error) {
      fail(error as Error);
    }
  });
  const socket = dial(options, reader.onread);
  socket.setNoDelay(true);
  const subscribed = Promise.withResolvers<boolean>();
  // Not every caller awaits it, and an unhandled rejection would end the process.
  subscribed.promise.catch(() => {});
  const ended = Promise.withResolvers<Error>();
  let reason: Error | undefined;
  let sessionPresent = false;
  /** Filters of the pending requests, by packet identifier. No identifier is in use twice (MQTT 5.0, 2.2.1). */
  const unanswered = new Map<number, readonly string[]>();
  let packetId = 0;
  let silent = false;
  let accepted = false;
  let closing = false;
  let keepAlive: NodeJS.Timeout | undefined;

  const fail = (error: Error) => {
    reason ??= error;
    socket.destroy();
  };
  const openingTimeout = setTimeout(() => fail(new Error('the broker did not answer in time')), CONNECT_TIMEOUT_MS);

  const connection: Connection = {
    number: options.number,
    subscribed: subscribed.promise,
    acknowledge: (packetIds) => {
      if (packetIds.length > 0 && socket.writable) socket.write(encodeAcknowledgements(packetIds));
    },
    resubscribe: () => {
      if (accepted && !closing) subscribe();
    },
    pause: () => socket.pause(),
    resume: () => {
      silent = false;
      socket.resume();
    },
    ended: ended.promise,
    disconnect: async () => {
      closing = true;
      if (!accepted) socket.destroy();
      // Reading goes on until the broker closes: unread data would turn our close into a reset, which can overtake the acknowledgements
      // sent just before.
      socket.resume();
      if (socket.writable) socket.write(generate({ cmd: 'disconnect', reasonCode: 0 }, V5));
      const timer = setTimeout(() => socket.destroy(), GOODBYE_MS);
      await ended.promise;
      clearTimeout(timer);
    },
  };

  const request = (filters: readonly string[], encode: typeof encodeSubscribe) => {
    packetId = (packetId % MAX_PACKET_ID) + 1;
    unanswered.set(packetId, filters);
    socket.write(encode(filters, packetId));
  };

  const subscribe = () => {
    const { subscribe: kept, unsubscribe: ended } = options.former?.() ?? NO_FORMER;
    const isEnd = options.subscription === 'end';
    const others = [NO_CHANNEL_FILTER, REFUSALS_FILTER, ...kept];
    const wanted = isEnd ? [] : [[TELEMETRY_FILTER], ...inParts(others)];
    const gone = [...(isEnd ? [TELEMETRY_FILTER, ...others] : []), FORMER_TELEMETRY_FILTER, ...ended];
    for (const filters of wanted) request(filters, encodeSubscribe);
    for (const filters of inParts(gone)) request(filters, encodeUnsubscribe);
  };

  const answered = (id: number) => {
    if (unanswered.delete(id) && unanswered.size === 0) subscribed.resolve(sessionPresent);
  };

  const onControl = (packet: Packet) => {
    if (packet.cmd === 'connack') {
      if (packet.reasonCode) return fail(new BrokerRefusal('refused the connection', packet.reasonCode));
      accepted = true;
      clearTimeout(openingTimeout);
      sessionPresent = packet.sessionPresent;
      if (options.subscription === 'keep') subscribed.resolve(sessionPresent);
      else subscribe();
      const seconds = packet.properties?.serverKeepAlive ?? KEEP_ALIVE_S;
      // 0: the broker wants none (MQTT 5.0, 3.2.2.3.14).
      if (seconds > 0) keepAlive = startKeepAlive(seconds);
    } else if (packet.cmd === 'suback') {
      // Another filter that is refused does not leave everybody else's messages at the broker.
      const isTelemetry = unanswered.get(packet.messageId ?? 0)?.[0] === TELEMETRY_FILTER;
      const granted = isTelemetry ? Number(packet.granted[0]) : 1;
      if (granted !== 1) return fail(new BrokerRefusal('did not grant the subscription at QoS 1', granted));
      answered(packet.messageId ?? 0);
    } else if (packet.cmd === 'unsuback') {
      answered(packet.messageId ?? 0);
    } else if (packet.cmd === 'disconnect') {
      fail(new BrokerRefusal('ended the connection', packet.reasonCode ?? 0));
    }
  };

  const startKeepAlive = (seconds: number) =>
    setInterval(() => {
      // While reading is paused, silence means nothing.
      if (silent && !socket.isPaused()) return fail(new Error('the broker has gone silent'));
      silent = true;
      socket.write(PINGREQ);
    }, seconds * 500);

  const reading = { connection: options.number, readStamp: options.readStamp };
  let receivedAt = 0;
  const feed = createFramer((bytes, start, body, end, truncated) => {
    if (((bytes[start] as number) & 0xf0) === PUBLISH) {
      if (closing) return;
      options.onDelivery(readPublish(bytes, start, body, end, truncated, reading, receivedAt));
    } else {
      onControl(parsePacket(bytes.subarray(start, end)));
    }
  });

  socket.once(options.broker.tls ? 'secureConnect' : 'connect', () => socket.write(encodeConnect(options)));
  socket.on('error', fail);
  socket.on('close', () => {
    reader.flush();
    clearTimeout(openingTimeout);
    clearInterval(keepAlive);
    const why = reason ?? new Error('the broker closed the connection');
    subscribed.reject(why);
    ended.resolve(why);
  });
  return connection;
}

function dial({ broker: { host, port, tls }, ca }: ConnectionOptions, onread: OnReadOpts): Socket {
  if (!tls) return connectTcp({ host, port, onread });
  const options: ConnectionOptionsOfTls & TcpNetConnectOpts = {
    host,
    port,
    onread,
    // SNI carries names only; the certificate is then checked against the address (RFC 6066, 3).
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
  };
  return connectTls(options);
}

function encodeConnect({ username, password, clientId, receiveMaximum }: ConnectionOptions): Buffer {
  return generate(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clean: false,
      clientId,
      keepalive: KEEP_ALIVE_S,
      username,
      password: Buffer.from(password),
      properties: { sessionExpiryInterval: NEVER_EXPIRES, receiveMaximum },
    },
    V5,
  );
}

const inParts = (filters: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(filters.length / MOST_FILTERS) }, (_, i) =>
    filters.slice(i * MOST_FILTERS, (i + 1) * MOST_FILTERS),
  );

/**
 * Subscribes again on every connection: the broker may have lost the session. `rh: 2`: retained messages are never sent on
 * subscribing, or each run would receive every device's last one again. Counters are retained for that: each run begins with them.
 */
function encodeSubscribe(filters: readonly string[], messageId: number): Buffer {
  const subscriptions = filters.map((topic) => {
    const isCounter = topic === REFUSALS_FILTER;
    return { topic, qos: isCounter ? (0 as const) : (1 as const), nl: false, rap: false, rh: isCounter ? 0 : 2 };
  });
  return generate({ cmd: 'subscribe', messageId, subscriptions }, V5);
}

function encodeUnsubscribe(filters: readonly string[], messageId: number): Buffer {
  return generate({ cmd: 'unsubscribe', messageId, unsubscriptions: [...filters] }, V5);
}

/** PUBACKs of two bytes' length mean success (MQTT 5.0, 3.4.2.1). */
function encodeAcknowledgements(packetIds: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(packetIds.length * 4);
  let at = 0;
  for (const id of packetIds) {
    out[at] = PUBACK[0] as number;
    out[at + 1] = PUBACK[1] as number;
    at = out.writeUInt16BE(id, at + 2);
  }
  return out;
}
