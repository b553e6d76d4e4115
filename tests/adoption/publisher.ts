// A device that never stops: it counts up, one message each few milliseconds, and keeps what it cannot send. It is moved from broker to
// broker, and nothing of it is sent twice.
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

export function startPublisher(first: Way, perSecond: number): Publisher {
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
    const started = performance.now();
    while (!stopping) {
      // By the clock, so that a busy machine makes no fewer; not more than a second's at once.
      const due = Math.min(Math.floor(((performance.now() - started) * perSecond) / 1000), made + perSecond);
      while (made < due) kept.push(++made);
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
