// A device that never stops: it publishes a count every few milliseconds, and keeps what it cannot send. It moves from broker to broker
// and sends nothing twice.
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';

/** Where messages go. */
export interface Way {
  name: 'old' | 'new';
  client: mqtt.MqttClient;
  topic: string;
  qos: 0 | 1;
  payload(id: number): string;
}

/** The running device. */
export interface Publisher {
  /** Ids that were sent on each way. */
  sent: { old: number[]; new: number[] };
  /** How many there are so far. */
  count(): number;
  /** Resolves when that many are. */
  reached(count: number): Promise<void>;
  /** What is made from now on waits in the device. */
  hold(): Promise<void>;
  /** Sends on this way, first what has waited. */
  use(way: Way): void;
  /** Makes no more, and waits until all are sent. */
  stop(): Promise<void>;
}

/** @param keepsUp false while the old ingest has much to store: a busy machine makes the test longer, and not its losses greater. */
export function startPublisher(first: Way, perSecond: number, keepsUp: () => boolean): Publisher {
  const sent: Publisher['sent'] = { old: [], new: [] };
  const kept: number[] = [];
  let way: Way | undefined = first;
  let made = 0;
  let stopping = false;
  let sending: Promise<unknown> = Promise.resolve();

  const flush = async () => {
    const by = way;
    if (!by) return;
    const ids = kept.splice(0);
    sent[by.name].push(...ids);
    await Promise.all(ids.map((id) => by.client.publishAsync(by.topic, by.payload(id), { qos: by.qos })));
  };
  const running = (async () => {
    let last = performance.now();
    while (!stopping) {
      const now = performance.now();
      const due = keepsUp() ? Math.min(Math.round(((now - last) * perSecond) / 1000), perSecond) : 0;
      if (due > 0 || !keepsUp()) last = now;
      for (let n = 0; n < due; n++) kept.push(++made);
      sending = flush();
      await sending;
      await sleep(5);
    }
    await flush();
  })();
  return {
    sent,
    count: () => made,
    reached: async (count) => {
      while (made < count) await sleep(10);
    },
    hold: async () => {
      way = undefined;
      await sending;
    },
    use: (next) => {
      way = next;
    },
    stop: () => {
      stopping = true;
      return running;
    },
  };
}
