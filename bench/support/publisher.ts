// Publishes QoS 1 messages at a rate or as fast as they are acknowledged, and knows which were.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import type { Client } from './mqtt-client.ts';

/** What to publish. */
export interface LoadOptions {
  topic: string;
  /** Bytes of each payload, at least 40; it begins with the message's number and the time it was sent. */
  payloadBytes?: number;
  /** Makes each payload instead. */
  payload?: (number: number) => string;
  /** Messages a second. Default: as fast as they are acknowledged. */
  rate?: number;
  /** Unacknowledged messages under way. Default: 100. */
  window?: number;
  /** Stop after this many. Default: no bound. */
  count?: number;
  /** Number of the first message. Default: 0. */
  first?: number;
  /** Aborted to stop. */
  signal?: AbortSignal;
}

/** Counts and identities. */
export interface Load {
  /** Number of each acknowledged message, in the order of acknowledgement. */
  acknowledged: number[];
  /** Acknowledged with a reason code that says nobody has it. */
  unqueued: number;
  /** Longest wait for an acknowledgement, milliseconds. */
  slowestMs: number;
  /** How many were sent. */
  sent(): number;
  /** Resolves when it has stopped and nothing is under way, or the connection has ended. */
  done: Promise<void>;
}

/** Pauses between looks at the clock; a paced load is sent in portions of this many milliseconds. */
const TICK_MS = 5;

/** Text of a payload: number, nanoseconds on the monotonic clock, filler. */
function payloadOf(number: number, bytes: number): string {
  return `{"id":"${number}","at":"${process.hrtime.bigint()}","f":"`.padEnd(bytes - 2, 'x').concat('"}');
}

/** Number and age in milliseconds of a payload made on this machine. */
export function readPayload(payload: Buffer | string): { number: number; ageMs: number } {
  const { id, at } = JSON.parse(payload.toString()) as { id: string; at: string };
  return { number: Number(id), ageMs: Number(process.hrtime.bigint() - BigInt(at)) / 1e6 };
}

/** Starts publishing. */
export function startLoad(client: Client, options: LoadOptions): Load {
  const { topic, payloadBytes = 40, rate, window = 100, count = Number.POSITIVE_INFINITY, first = 0, signal } = options;
  const { payload: make = (number) => payloadOf(number, payloadBytes) } = options;
  let next = first;
  const underWay = new Map<number, { number: number; at: number }>();
  const load = { acknowledged: [] as number[], unqueued: 0, slowestMs: 0, sent: () => next - first };
  let lastId = 0;
  let gone = false;
  const publishOne = () => {
    do lastId = (lastId % 65_535) + 1;
    while (underWay.has(lastId));
    underWay.set(lastId, { number: next, at: performance.now() });
    const payload = make(next++);
    client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: lastId, dup: false, retain: false });
  };
  let wake = () => {};
  client.onPacket((packet: Packet) => {
    if (packet.cmd !== 'puback') return;
    const sent = underWay.get(packet.messageId ?? 0);
    if (!sent) return;
    underWay.delete(packet.messageId ?? 0);
    load.slowestMs = Math.max(load.slowestMs, performance.now() - sent.at);
    if (packet.reasonCode) load.unqueued += 1;
    else load.acknowledged.push(sent.number);
    wake();
  });
  client.closed.then(() => {
    gone = true;
    wake();
  });
  const changed = () => new Promise<void>((resolve) => (wake = resolve));
  const run = async () => {
    const started = performance.now();
    while (!gone && !signal?.aborted && next - first < count) {
      const due = rate === undefined ? Number.POSITIVE_INFINITY : ((performance.now() - started) / 1000) * rate;
      client.socket.cork();
      while (next < first + Math.min(due, count) && underWay.size < window) publishOne();
      client.socket.uncork();
      await (rate === undefined || underWay.size >= window ? changed() : sleep(TICK_MS));
    }
    while (!gone && underWay.size > 0) await changed();
  };
  return Object.assign(load, { done: run() });
}
