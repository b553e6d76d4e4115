// Acknowledges messages in the order in which they came (MQTT 5.0, 4.6), in whatever order they are committed.
import type { Delivery, Received } from '../broker/index.ts';

/** Keeps the order. It holds numbers only: a message that waits for the acknowledgement of another one takes no memory. */
export interface Acknowledger {
  /** A message has come. */
  add(delivery: Delivery): void;
  /** These are done with. @param isCommitted false: they stay on the broker, and hold up no others. */
  settle(deliveries: readonly Delivery[], isCommitted: boolean): void;
}

const PACKET_IDS = 65_536;
const keyOf = ({ connection, packetId }: Delivery) => connection * PACKET_IDS + packetId;
/** In place of a payload's bytes: it stays on the broker. */
const LEFT = -1;

/** @param send acknowledges what is committed, as far as all before it is done with. */
export function createAcknowledger(send: (received: Received) => void): Acknowledger {
  let waiting: number[] = [];
  let next = 0;
  /** Bytes of the payload, by key. */
  const settled = new Map<number, number>();

  return {
    add: (delivery) => {
      if (delivery.packetId !== 0) waiting.push(keyOf(delivery));
    },
    settle: (deliveries, isCommitted) => {
      const ready: { key: number; bytes: number }[] = [];
      for (const delivery of deliveries) {
        const bytes = delivery.payload.length;
        // Nothing of QoS 0 stays on the broker.
        if (delivery.packetId === 0) ready.push({ key: keyOf(delivery), bytes });
        else settled.set(keyOf(delivery), isCommitted ? bytes : LEFT);
      }
      for (; next < waiting.length; next++) {
        const key = waiting[next] as number;
        const bytes = settled.get(key);
        if (bytes === undefined) break;
        settled.delete(key);
        if (bytes !== LEFT) ready.push({ key, bytes });
      }
      if (next > waiting.length / 2) {
        waiting = waiting.slice(next);
        next = 0;
      }
      const of = (connection: number) => ready.filter(({ key }) => Math.floor(key / PACKET_IDS) === connection);
      send({
        acknowledgements: (connection) => {
          const ids = of(connection).map(({ key }) => key % PACKET_IDS);
          return ids.filter((id) => id !== 0);
        },
        done: (connection) => {
          const own = of(connection);
          return { messages: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
        },
      });
    },
  };
}
