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
      const keys: number[] = [];
      const sizes: number[] = [];
      const pass = (key: number, bytes: number) => {
        if (bytes === LEFT) return;
        keys.push(key);
        sizes.push(bytes);
      };
      for (const delivery of deliveries) {
        const key = keyOf(delivery);
        const bytes = isCommitted ? delivery.payload.length : LEFT;
        // Nothing of QoS 0 stays on the broker.
        if (delivery.packetId === 0) pass(key, delivery.payload.length);
        else if (waiting[next] === key) {
          next += 1;
          pass(key, bytes);
        } else settled.set(key, bytes);
      }
      for (; settled.size > 0 && next < waiting.length; next++) {
        const key = waiting[next] as number;
        const bytes = settled.get(key);
        if (bytes === undefined) break;
        settled.delete(key);
        pass(key, bytes);
      }
      if (next > waiting.length / 2) {
        waiting = waiting.slice(next);
        next = 0;
      }
      const connectionOf = (key: number) => Math.floor(key / PACKET_IDS);
      send({
        acknowledgements: (connection) => {
          const ids: number[] = [];
          for (const key of keys)
            if (key % PACKET_IDS !== 0 && connectionOf(key) === connection) ids.push(key % PACKET_IDS);
          return ids;
        },
        done: (connection) => {
          const done = { messages: 0, bytes: 0 };
          for (let index = 0; index < keys.length; index++) {
            if (connectionOf(keys[index] as number) !== connection) continue;
            done.messages += 1;
            done.bytes += sizes[index] as number;
          }
          return done;
        },
      });
    },
  };
}
