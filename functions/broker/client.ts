// What an MQTT 5 client does, as a state machine without a socket, a timer or a clock: events in, effects out. It never acknowledges by
// itself. [MQTT-x.y.z-n] are the statements of the OASIS standard.
import { REFUSALS_FILTER } from '../../domain/refusals.ts';
import { FORMER_TELEMETRY_FILTER, NO_CHANNEL_FILTER, REPORT_FILTERS, TELEMETRY_FILTER } from '../../domain/topics.ts';
import type { Delivery } from '../source/delivery.ts';
import {
  ASSIGNED_CLIENT_ID,
  type ControlPacket,
  MAXIMUM_PACKET_SIZE,
  MAXIMUM_QOS,
  nameOf,
  type Properties,
  REASON_STRING,
  RECEIVE_MAXIMUM,
  readControlPacket,
  SERVER_KEEP_ALIVE,
  SERVER_REFERENCE,
  SESSION_EXPIRY,
  WILDCARDS_AVAILABLE,
} from './control-packets.ts';
import {
  type Account,
  type Done,
  encodeAcknowledgements,
  encodeConnect,
  encodeDisconnect,
  encodeDone,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  inParts,
  KEEP_ALIVE_S,
  NEVER_EXPIRES,
  PINGREQ,
  type PublishOptions,
  qosOf,
} from './encode.ts';
import { createFramer } from './framer.ts';
import { PUBLISH, type ReadOptions, readPublish } from './publish.ts';
import { BrokerRefusal, nameReason, PACKET_TOO_LARGE, ProtocolError, printable } from './reason-codes.ts';

/** Topic filters of a session, in addition to the platform's own topics. */
export interface FormerFilters {
  subscribe: readonly string[];
  /** Nobody may publish there any more, but the session may still be subscribed. */
  unsubscribe: readonly string[];
}

/** For the time when no device keeps a former topic. */
export const NO_FORMER: FormerFilters = { subscribe: [], unsubscribe: [] };

/** How long the broker may take, in milliseconds. */
export interface Patience {
  /** From the dial to the CONNACK. */
  connectMs: number;
  /** From a SUBSCRIBE, UNSUBSCRIBE or PUBLISH to its answer, not counting the time in which reading is paused. */
  answerMs: number;
}

/** The account, and what it asks for. */
export interface ClientOptions extends ReadOptions, Account {
  /** What happens to the session's subscription; without one, queued messages are still delivered. Default: `make`. */
  subscription?: 'make' | 'end' | 'keep' | undefined;
  /** What it subscribes to besides, as it is now. Default: nothing. */
  former?: (() => FormerFilters) | undefined;
  patience: Patience;
}

/** What is to be done, in this order. After `end` there is nothing more. */
export interface Effects {
  send(bytes: Buffer): void;
  deliver(delivery: Delivery): void;
  /** All that was asked for is answered. */
  subscribed(sessionPresent: boolean): void;
  /** Something that an operator should know; the connection goes on. */
  note(message: string): void;
  /** Close the connection, after `goodbye` if there is one. */
  end(reason: Error, goodbye?: Buffer): void;
}

/** Takes events; times are in milliseconds, of any clock that does not go back. */
export interface Client {
  /** The network connection stands. */
  connected(): void;
  /** Bytes have come, cut anywhere. @param receivedAt in milliseconds since 1970, for the deliveries. */
  receive(bytes: Buffer, now: number, receivedAt: number): void;
  /** When `tick` is due. Infinity: never. */
  deadline(): number;
  tick(now: number): void;
  /**
   * Acknowledges QoS 1 packets, in one write, in the order given [MQTT-4.6.0-2]. Where stamps are expected, the broker has a gate, and is
   * told what is done.
   */
  acknowledge(packetIds: readonly number[], done: Done): void;
  /** Subscribes, and ends subscriptions, as `former` says now. Before CONNACK it does nothing, because CONNACK triggers it. */
  resubscribe(now: number): void;
  /** Publishes with QoS 1, once. `answered` gets the reason code of this very packet, or why none came. */
  publish(
    topic: string,
    payload: string,
    answered: (answer: number | Error) => void,
    now: number,
    options?: PublishOptions,
  ): void;
  /** While reading is paused, silence means nothing. */
  pause(now: number): void;
  resume(now: number): void;
  /** Takes leave: nothing more is delivered. False when there is nothing to wait for. */
  leave(): boolean;
  /** The network connection has ended. */
  lost(reason?: Error): void;
}

const MAX_PACKET_ID = 0xffff;
/** What a PUBACK, a SUBACK and an UNSUBACK may say: MQTT 5.0, 3.4.2.1, 3.9.3 and 3.11.3. */
const ANSWERS = {
  puback: new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
  suback: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  unsuback: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
};

type Request = { dueAt: number } & (
  | { answer: 'suback' | 'unsuback'; filters: readonly string[] }
  | { answer: 'puback'; answered: (answer: number | Error) => void }
);

/** @param now when the dial begins. */
export function createClient(options: ClientOptions, effects: Effects, now: number): Client {
  let state: 'dialling' | 'connecting' | 'accepted' | 'leaving' | 'ended' = 'dialling';
  let sessionPresent = false;
  let wasSubscribed = false;
  /** By packet identifier, the oldest first. No identifier is in use twice [MQTT-2.2.1-3]. */
  const requests = new Map<number, Request>();
  let lastId = 0;
  const limits = { packetBytes: Number.POSITIVE_INFINITY, publishes: MAX_PACKET_ID, qos: 2 };
  const done = { messages: 0, bytes: 0 };
  const connectBy = () => (state === 'accepted' ? Number.POSITIVE_INFINITY : now + options.patience.connectMs);

  /** Time as long as reading is not paused. What waits in it is due at this time plus `pausedMs`. */
  let pausedMs = 0;
  let pausedAt: number | undefined;
  const readingTime = (at: number) => (pausedAt ?? at) - pausedMs;
  let heardAt = readingTime(now);
  /** Half of the keep-alive, in milliseconds; 0: none. */
  let pingEvery = 0;
  let pingAt = Number.POSITIVE_INFINITY;
  let pingedAt: number | undefined;

  const end = (reason: Error, goodbye?: number) => {
    if (state === 'ended') return;
    state = 'ended';
    effects.end(reason, goodbye === undefined ? undefined : encodeDisconnect(goodbye));
    for (const request of requests.values()) if (request.answer === 'puback') request.answered(reason);
    requests.clear();
  };

  /** @throws Error when the broker takes no such packet [MQTT-3.2.2-15]. */
  const request = (encode: (packetId: number) => Buffer, makeRequest: (dueAt: number) => Request, at: number) => {
    let packetId = lastId;
    do packetId = (packetId % MAX_PACKET_ID) + 1;
    while (requests.has(packetId));
    const bytes = encode(packetId);
    if (bytes.length > limits.packetBytes) {
      throw new Error(
        `the broker takes packets of ${limits.packetBytes} bytes at most, and this one has ${bytes.length}`,
      );
    }
    lastId = packetId;
    requests.set(packetId, makeRequest(readingTime(at) + options.patience.answerMs));
    effects.send(bytes);
  };

  const ask = (answer: 'suback' | 'unsuback', filters: readonly string[], at: number) => {
    const encode = answer === 'suback' ? encodeSubscribe : encodeUnsubscribe;
    for (const part of inParts(filters, limits.packetBytes)) {
      request(
        (packetId) => encode(part, packetId),
        (dueAt) => ({ answer, filters: part, dueAt }),
        at,
      );
    }
  };

  const subscribe = (at: number) => {
    const { subscribe: kept, unsubscribe: ended } = options.former?.() ?? NO_FORMER;
    const isEnd = options.subscription === 'end';
    const others = [...REPORT_FILTERS, NO_CHANNEL_FILTER, REFUSALS_FILTER, ...kept];
    if (!isEnd) {
      ask('suback', [TELEMETRY_FILTER], at);
      ask('suback', others, at);
    }
    ask('unsuback', [...(isEnd ? [TELEMETRY_FILTER, ...others] : []), FORMER_TELEMETRY_FILTER, ...ended], at);
  };

  const onConnack = ({ reasonCode, properties, ...packet }: ControlPacket & { kind: 'connack' }, at: number) => {
    if (state !== 'connecting') throw new ProtocolError('sent a second CONNACK');
    if (reasonCode >= 0x80) return end(new BrokerRefusal('refused the connection', reasonCode, wordsOf(properties)));
    if (reasonCode > 0) throw new ProtocolError(`sent CONNACK with ${nameReason(reasonCode)}, which it cannot say`);
    state = 'accepted';
    sessionPresent = packet.sessionPresent;
    const number = (id: number, otherwise: number) => (properties.get(id) ?? otherwise) as number;
    limits.packetBytes = number(MAXIMUM_PACKET_SIZE, limits.packetBytes);
    limits.publishes = number(RECEIVE_MAXIMUM, limits.publishes);
    limits.qos = number(MAXIMUM_QOS, limits.qos);
    const session = properties.get(ASSIGNED_CLIENT_ID);
    if (session !== undefined && session !== options.clientId) {
      effects.note(`the broker keeps the session under a client id of its own: "${printable(String(session))}"`);
    }
    const expiry = number(SESSION_EXPIRY, NEVER_EXPIRES);
    if (expiry < NEVER_EXPIRES) {
      effects.note(
        `the broker keeps the session for ${expiry} s without a connection, not without end: after a longer outage of ingest, what it acknowledged is lost`,
      );
    }
    // The broker's value holds [MQTT-3.2.2-21], and one may ping more often; 0 is none.
    const keepAliveS = number(SERVER_KEEP_ALIVE, KEEP_ALIVE_S);
    pingEvery = Math.min(keepAliveS, KEEP_ALIVE_S) * 500;
    if (pingEvery > 0) pingAt = at + pingEvery;
    if (properties.get(WILDCARDS_AVAILABLE) === 0 && options.subscription !== 'keep') {
      throw new Error('the broker takes no subscriptions with wildcards, without which ingest gets nothing');
    }
    if (options.subscription !== 'keep') return subscribe(at);
    wasSubscribed = true;
    effects.subscribed(sessionPresent);
  };

  const onAnswer = (packet: ControlPacket & { packetId: number }) => {
    const found = requests.get(packet.packetId);
    if (found?.answer !== packet.kind) {
      throw new ProtocolError(`sent ${packet.kind.toUpperCase()} for packet ${packet.packetId}, which it was not sent`);
    }
    const codes = packet.kind === 'puback' ? [packet.reasonCode] : packet.reasonCodes;
    const unknown = codes.find((code) => !ANSWERS[packet.kind].has(code));
    if (unknown !== undefined) {
      throw new ProtocolError(`sent ${packet.kind.toUpperCase()} with ${nameReason(unknown)}, which it cannot say`);
    }
    const words = wordsOf(packet.properties);
    if (found.answer === 'puback') {
      requests.delete(packet.packetId);
      return found.answered(codes[0] as number);
    }
    const { filters } = found;
    if (codes.length !== filters.length) {
      throw new ProtocolError(`answered ${codes.length} of ${filters.length} filters in ${packet.kind.toUpperCase()}`);
    }
    requests.delete(packet.packetId);
    for (const [index, filter] of filters.entries()) {
      const code = codes[index] as number;
      if (packet.kind === 'suback' && code !== 1 && filter === TELEMETRY_FILTER) {
        return end(new BrokerRefusal('did not grant the subscription at QoS 1', code, words), 0);
      }
      // It does not leave everybody else's messages at the broker.
      if (packet.kind === 'suback' ? code !== qosOf(filter) : code >= 0x80) {
        effects.note(`the broker did not change the subscription to ${filter}: ${nameReason(code, words)}`);
      }
    }
    const isWaiting = [...requests.values()].some(({ answer }) => answer !== 'puback');
    if (isWaiting || wasSubscribed) return;
    wasSubscribed = true;
    effects.subscribed(sessionPresent);
  };

  const onControl = (packet: ControlPacket, at: number) => {
    if (packet.kind === 'connack') onConnack(packet, at);
    else if (packet.kind === 'disconnect') {
      const when = state === 'connecting' ? ' before it had answered CONNECT' : '';
      end(new BrokerRefusal(`ended the connection${when}`, packet.reasonCode, wordsOf(packet.properties)));
    } else if (state === 'connecting') throw new ProtocolError(`sent ${packet.kind.toUpperCase()} before CONNACK`);
    else if (packet.kind === 'pingresp') pingedAt = undefined;
    else onAnswer(packet);
  };

  const isOver = () => state === 'leaving' || state === 'ended';
  /** What the broker does wrong, and what this client cannot go on with, ends the connection with a DISCONNECT. */
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      end(error as Error, error instanceof ProtocolError ? error.reasonCode : 0);
    }
  };

  let came = { at: now, receivedAt: 0 };
  const feed = createFramer((bytes, start, body, stop, truncated) => {
    if (isOver()) return;
    const first = bytes[start] as number;
    if ((first & 0xf0) !== PUBLISH) {
      if (truncated) throw new ProtocolError(`sent ${nameOf(first)} beyond all bounds`, PACKET_TOO_LARGE);
      return onControl(readControlPacket(bytes, start, body, stop), came.at);
    }
    if (state !== 'accepted') throw new ProtocolError('sent PUBLISH before CONNACK');
    effects.deliver(readPublish(bytes, start, body, stop, truncated, options, came.receivedAt));
  });

  const firstRequest = (): Request | undefined => requests.values().next().value;
  /** When silence after a PINGREQ has lasted too long. Any byte shows life: PINGRESP waits behind what is being sent. */
  const silentAt = () => (pingedAt === undefined ? Number.POSITIVE_INFINITY : Math.max(pingedAt, heardAt) + pingEvery);
  const dueInReadingTime = () => Math.min(connectBy(), silentAt(), firstRequest()?.dueAt ?? Number.POSITIVE_INFINITY);

  return {
    connected: () => {
      if (state !== 'dialling') return;
      state = 'connecting';
      effects.send(encodeConnect(options));
    },
    receive: (bytes, at, receivedAt) => {
      heardAt = readingTime(at);
      came = { at, receivedAt };
      if (!isOver()) guarded(() => feed(bytes));
    },
    deadline: () => {
      if (isOver()) return Number.POSITIVE_INFINITY;
      return Math.min(pingAt, pausedAt === undefined ? dueInReadingTime() + pausedMs : Number.POSITIVE_INFINITY);
    },
    tick: (at) => {
      if (isOver()) return;
      if (pausedAt === undefined) {
        const reading = readingTime(at);
        if (reading >= connectBy()) return end(new Error('the broker did not answer CONNECT in time'));
        if (reading >= silentAt()) return end(new Error('the broker has gone silent'));
        const late = firstRequest();
        if (late && reading >= late.dueAt) {
          return end(new Error(`the broker did not send ${late.answer.toUpperCase()} in time`), 0);
        }
      }
      if (at < pingAt) return;
      pingAt = at + pingEvery;
      pingedAt ??= readingTime(at);
      effects.send(PINGREQ);
    },
    acknowledge: (packetIds, { messages, bytes }) => {
      done.messages += messages;
      done.bytes += bytes;
      if (state !== 'accepted' || messages === 0) return;
      const acknowledgements = encodeAcknowledgements(packetIds);
      effects.send(options.readStamp ? Buffer.concat([acknowledgements, encodeDone(done)]) : acknowledgements);
    },
    resubscribe: (at) => {
      if (state === 'accepted') guarded(() => subscribe(at));
    },
    publish: (topic, payload, answered, at, publishOptions) => {
      if (state !== 'accepted') return answered(new Error('there is no connection to the broker'));
      if (limits.qos < 1) return answered(new Error('the broker takes no messages with QoS 1'));
      const underWay = [...requests.values()].filter(({ answer }) => answer === 'puback').length;
      if (underWay >= limits.publishes) {
        return answered(
          new Error(`the broker takes ${limits.publishes} messages at a time, and ${underWay} are under way`),
        );
      }
      try {
        request(
          (messageId) => encodePublish(topic, payload, messageId, publishOptions),
          (dueAt) => ({ answer: 'puback', answered, dueAt }),
          at,
        );
      } catch (error) {
        answered(error as Error);
      }
    },
    pause: (at) => {
      pausedAt ??= at;
    },
    resume: (at) => {
      if (pausedAt === undefined) return;
      pausedMs += at - pausedAt;
      pausedAt = undefined;
    },
    leave: () => {
      if (isOver()) return state === 'leaving';
      const wasAccepted = state === 'accepted';
      state = 'leaving';
      if (wasAccepted) effects.send(encodeDisconnect(0));
      return wasAccepted;
    },
    lost: (reason) => {
      const when = state === 'connecting' ? ' before it had answered CONNECT' : '';
      end(reason ?? new Error(`the broker closed the connection${when}`));
    },
  };
}

/** The broker's own words, and where it sends the client. */
function wordsOf(properties: Properties): string | undefined {
  const elsewhere = properties.get(SERVER_REFERENCE);
  const words = [properties.get(REASON_STRING), elsewhere === undefined ? undefined : `use ${elsewhere}`];
  return words.filter((text) => text !== undefined).join('; ') || undefined;
}
