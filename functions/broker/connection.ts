// One MQTT 5 connection to the broker, from the dial to its end: the socket and the timer of client.ts.
import { connect as connectTcp, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions as ConnectionOptionsOfTls, connect as connectTls } from 'node:tls';
import type { Delivery } from '../source/delivery.ts';
import { type BrokerAddress, certifiedName } from './address.ts';
import { type ClientOptions, createClient, type Patience } from './client.ts';
import type { Done, PublishOptions } from './encode.ts';
import { createSocketReader } from './socket-reader.ts';

/** The account, and the broker. */
export interface ConnectionOptions extends Omit<ClientOptions, 'connection' | 'patience'> {
  broker: BrokerAddress;
  ca: string | undefined;
  /** Number of this connection in this process, from 1; acknowledgements carry it. */
  number: number;
  onDelivery: (delivery: Delivery) => void;
  /** Told what an operator should know although the connection goes on. Default: nothing is done. */
  onNote?: (message: string) => void;
  now: () => number;
  /** For `receivedAt`, in milliseconds since 1970. Default: `now`, when it is such a clock. */
  receipt?: (() => number) | undefined;
  /** How long to wait for the broker. Default: {@link PATIENCE}; tests wait less. */
  patience?: Partial<typeof PATIENCE>;
}

/** A connection, from the first byte: the broker may deliver, and get answers, before it has confirmed the subscription. */
export interface Connection {
  number: number;
  /**
   * Resolves once subscribed, or as `subscription` says, with whether the broker had a session to resume; without one, nothing was
   * queued for it. Rejects with the reason if the connection ends before.
   */
  subscribed: Promise<boolean>;
  /** Acknowledges QoS 1 packets of this connection; where stamps are expected, the broker has a gate and is told what is done. */
  acknowledge(packetIds: readonly number[], done: Done): void;
  /** Subscribes, and ends subscriptions, as `former` says now. Before CONNACK it does nothing, because CONNACK triggers it. */
  resubscribe(): void;
  /**
   * Publishes once, with QoS 1. Resolves with the reason code of its PUBACK: from 0x80 on the broker refused it. Rejects when the broker
   * cannot take it, or the connection ends before; whether it was taken is then unknown, and it is not sent again.
   */
  publish(topic: string, payload: string, options?: PublishOptions): Promise<number>;
  /** Stops and resumes reading; meanwhile, what the broker sends waits in network buffers, then on the broker. */
  pause(): void;
  resume(): void;
  /** Resolves when the connection has ended, with the reason. */
  ended: Promise<Error>;
  /** Disconnects and keeps the session. Resolves when the broker has closed the connection, or after two seconds. */
  disconnect(): Promise<void>;
}

const PATIENCE: Patience & { goodbyeMs: number } = {
  connectMs: 10_000,
  /** A broker that saves a full queue on a slow disk serves nobody for 15 s (docs/durability.md). */
  answerMs: 30_000,
  /** From our DISCONNECT until the broker has closed the connection. */
  goodbyeMs: 2_000,
};
/** A network that has gone without a word is noticed even where the broker wants no pings. */
const TCP_KEEP_ALIVE_MS = 60_000;

/**
 * Connects and subscribes to all telemetry at QoS 1. The connection ends, with a reason, if the broker cannot be reached, has a
 * certificate that is not valid for its name, refuses, breaks the protocol, or goes silent.
 */
export function openConnection(options: ConnectionOptions): Connection {
  const patience = { ...PATIENCE, ...options.patience };
  const subscribed = Promise.withResolvers<boolean>();
  // Not every caller awaits it, and an unhandled rejection would end the process.
  subscribed.promise.catch(() => {});
  const ended = Promise.withResolvers<Error>();
  let reason: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let goodbye: NodeJS.Timeout | undefined;

  const clock = () => performance.now();
  const receipt = options.receipt ?? options.now;
  const client = createClient(
    { ...options, connection: options.number, patience },
    {
      send: (bytes) => {
        if (socket.writable) socket.write(bytes);
      },
      deliver: options.onDelivery,
      subscribed: subscribed.resolve,
      note: (message) => options.onNote?.(message),
      end: (why, bytes) => {
        reason ??= why;
        if (bytes && socket.writable) waitForEnd(bytes);
        else socket.destroy();
      },
    },
    clock(),
  );

  /** Sets the timer when it is due earlier than it is set; when it is due later, it goes off, finds nothing, and is set again. */
  const arm = () => {
    const next = client.deadline();
    if (next >= dueAt) return;
    clearTimeout(timer);
    dueAt = next;
    timer = setTimeout(onTimer, Math.max(0, next - clock()));
  };
  const onTimer = () => {
    dueAt = Number.POSITIVE_INFINITY;
    client.tick(clock());
    arm();
  };
  /** Reads on until the broker closes: unread data would turn our close into a reset, which can overtake what was sent just before. */
  const waitForEnd = (bytes?: Buffer) => {
    socket.resume();
    if (bytes) socket.write(bytes);
    goodbye ??= setTimeout(() => socket.destroy(), patience.goodbyeMs);
  };

  const reader = createSocketReader((bytes) => {
    client.receive(bytes, clock(), receipt());
    arm();
  });
  const socket = dial(options, reader.onread);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  socket.once(options.broker.tls ? 'secureConnect' : 'connect', () => client.connected());
  socket.on('error', (error) => client.lost(error));
  socket.on('close', () => {
    reader.flush();
    client.lost();
    clearTimeout(timer);
    clearTimeout(goodbye);
    const why = reason ?? new Error('the connection was closed');
    subscribed.reject(why);
    ended.resolve(why);
  });
  arm();

  return {
    number: options.number,
    subscribed: subscribed.promise,
    acknowledge: client.acknowledge,
    resubscribe: () => {
      client.resubscribe(clock());
      arm();
    },
    publish: (topic, payload, publishOptions) =>
      new Promise((resolve, reject) => {
        const answered = (answer: number | Error) => (typeof answer === 'number' ? resolve(answer) : reject(answer));
        client.publish(topic, payload, answered, clock(), publishOptions);
        arm();
      }),
    pause: () => {
      client.pause(clock());
      socket.pause();
    },
    resume: () => {
      client.resume(clock());
      socket.resume();
      arm();
    },
    ended: ended.promise,
    disconnect: async () => {
      if (client.leave()) waitForEnd();
      else if (!goodbye) socket.destroy();
      await ended.promise;
    },
  };
}

function dial({ broker, ca }: ConnectionOptions, onread: OnReadOpts): Socket {
  const { host, port, tls } = broker;
  const servername = certifiedName(broker);
  if (!tls) return connectTcp({ host, port, onread });
  const options: ConnectionOptionsOfTls & TcpNetConnectOpts = {
    host,
    port,
    onread,
    // Without a name the certificate is checked against the address.
    ...(servername !== undefined && { servername }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
  };
  return connectTls(options);
}
