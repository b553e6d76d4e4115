// Devices under load: they publish readings of every kind with QoS 1, and keep which ones the broker acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type mqtt from 'mqtt';
import type { LabDevice } from '../../lab/lab.ts';
import type { Chance } from './random.ts';

/** Connected devices. */
export interface Load {
  /** Numbers of the readings the broker acknowledged; each reading is `{"n":<number>, …}`. */
  acknowledged: Set<number>;
  /** How many messages that were. */
  messages(): number;
  /** Publishes this many messages, and resolves when all are acknowledged. */
  publish(messages: number): Promise<void>;
  /** Resolves when this many messages in all are acknowledged. */
  untilAcknowledged(messages: number): Promise<void>;
  stop(): Promise<void>;
}

/** Messages a device has under way. */
const LANES = 20;

/** Connects the devices. @param chance decides what each message is. */
export async function startLoad(devices: readonly LabDevice[], chance: Chance): Promise<Load> {
  const acknowledged = new Set<number>();
  const clients = await Promise.all(
    devices.map(async (device) => {
      const client = await device.connect({
        clean: false,
        properties: { sessionExpiryInterval: 300 },
        reconnectPeriod: 100,
      });
      // The broker is killed on purpose; the client comes back.
      client.on('error', () => {});
      return { client, topic: device.topic };
    }),
  );
  let next = 0;
  let messages = 0;
  return {
    acknowledged,
    messages: () => messages,
    publish: async (count) => {
      const queue = Array.from({ length: count }, () => {
        const message = makeMessage(next, chance);
        next += message.numbers.length;
        return message;
      });
      const lanes = clients.flatMap((client) => Array.from({ length: LANES }, () => client));
      await Promise.all(
        lanes.map(async ({ client, topic }) => {
          for (let message = queue.shift(); message; message = queue.shift()) {
            await client.publishAsync(topic, message.payload, message.options);
            for (const n of message.numbers) acknowledged.add(n);
            messages += 1;
          }
        }),
      );
    },
    untilAcknowledged: async (count) => {
      while (messages < count) await sleep(2);
    },
    stop: async () => {
      await Promise.all(clients.map(({ client }) => client.endAsync(true)));
    },
  };
}

interface Message {
  numbers: number[];
  payload: string | Buffer;
  options: mqtt.IClientPublishOptions;
}

/** One message with a reading, or an array of up to 8, plain or in gzip; with an id, a time, both, or neither. */
function makeMessage(first: number, chance: Chance): Message {
  const isList = chance.next() < 0.3;
  const numbers = Array.from({ length: isList ? chance.between(1, 8) : 1 }, (_, index) => first + index);
  const texts = numbers.map((n) => makeReading(n, chance));
  const text = isList ? `[${texts.join(', ')}]` : texts[0]!;
  if (chance.next() < 0.8) return { numbers, payload: text, options: { qos: 1 } };
  const properties = { contentType: 'application/gzip' };
  return { numbers, payload: gzipSync(text), options: { qos: 1, properties } };
}

function makeReading(n: number, chance: Chance): string {
  const filler = 'x'.repeat(chance.between(0, 200));
  const own = chance.pick([{ id: `r${n}` }, { ts: Date.now() }, { id: n, ts: new Date().toISOString() }, {}]);
  return JSON.stringify({ n, ...own, filler });
}
